import { quantile } from '../../core/quantile.ts'
import type { World } from '../../core/world.ts'
import { closedLoop } from '../load.ts'
import type { Question } from '../question.ts'
import { type Sample, tokenMsOf, tokensBetween } from '../sample.ts'
import type { Target } from '../target.ts'
import type { Company } from './company.ts'

export interface Figures {
  /** Whole ones, in the spans that count. */
  readonly answers: number
  readonly tokensPerSecond: number
  readonly firstTokenMs: Spread | undefined
  /** Between two tokens of one answer. */
  readonly tokenMs: Spread | undefined
  /** What went wrong first; undefined where nothing did. */
  readonly fault: { readonly kind: string; readonly text: string } | undefined
}

/** What a server does with so many at once. */
export interface Step extends Figures {
  readonly concurrency: number
  /** Requests of others that were served beside; undefined where the server does not tell. */
  readonly others: number | undefined
  readonly memory: number | undefined
  /** It was measured so often, because it was not the same throughout. */
  readonly times: number
}

export interface Spread {
  readonly p50: number
  readonly p95: number
}

export interface Measuring {
  readonly world: World
  readonly target: Target
  readonly questions: () => Question
  readonly company: Company
  /** At least so long; undefined for as long as it takes to know. */
  readonly spanMs?: number | undefined
  /** Whether it was too slow for it to be right without a second look. */
  readonly isDoubtful?: ((figures: Figures) => boolean) | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Ends it at once, and then there is no step. */
  readonly signal: AbortSignal
}

export interface Progress {
  readonly concurrency: number
  /** How much of it is done, from 0 to 1. */
  readonly share: number
  readonly tokensPerSecond: number
  /** What is left of this step, as far as can be told. */
  readonly leftMs: number | undefined
}

/** So far may the thirds of a span lie apart, beside what few answers of different lengths make of it. */
const apartMost = 0.15
const apartByOne = 0.5
const timesMost = 3
const spanLeastMs = 1_000
/** A server that needs longer than this for a few answers is known well enough by those. */
const spanMostMs = 60_000
const answersLeast = 8

/** How many are asked for one step where it is measured once: those that settle it, those that count, and those under way then. */
export const answersFor = (concurrency: number): number =>
  concurrency + Math.max(answersLeast, 2 * concurrency) + concurrency

/**
 * Keeps so many requests under way, lets the server settle, and then measures. Where what it does is not the same throughout,
 * or is in doubt, it is measured again, and the middle one of each figure counts. Ends with the first request that fails.
 */
export async function measureStep(measuring: Measuring, concurrency: number): Promise<Step | undefined> {
  const over = new AbortController()
  const watching = measuring.company.watch(over.signal)
  const spans: Span[] = []
  for (;;) {
    const span = await measureSpan(measuring, concurrency)
    if (measuring.signal.aborted) break
    spans.push(span)
    if (span.fault !== undefined || spans.length === timesMost) break
    const isClear = span.isSteady && measuring.isDoubtful?.(span) !== true
    // Of two nobody could say which is right.
    if (spans.length === 1 && isClear) break
  }
  over.abort()
  const seen = await watching
  return measuring.signal.aborted ? undefined : stepOf(concurrency, spans, seen)
}

/** What was measured in one go. */
interface Span extends Figures {
  readonly isSteady: boolean
}

async function measureSpan(measuring: Measuring, concurrency: number): Promise<Span> {
  const { world, target, questions, signal, spanMs, onProgress } = measuring
  const wanted = spanMs === undefined ? Math.max(answersLeast, 2 * concurrency) : concurrency
  const leastMs = spanMs ?? spanLeastMs
  const startedAt = world.now()
  let ended = 0
  let tokens = 0
  let settledAt: number | undefined
  let enoughAt: number | undefined
  let failed: Sample | undefined
  const enough = new AbortController()

  const onSample = (sample: Sample): void => {
    ended += 1
    if (sample.fault !== undefined) {
      failed ??= sample
      // What is in trouble is not pressed any further.
      enough.abort()
    }
    const now = world.now()
    // The first of each caller: until then they go in step, as they never do later.
    if (ended <= concurrency) {
      if (ended === concurrency) settledAt = now
    } else {
      tokens += sample.outputTokens
      const answers = ended - concurrency
      const ms = now - settledAt!
      const isKnown = answers >= wanted && ms >= leastMs
      if (isKnown || (spanMs === undefined && ms >= spanMostMs && answers >= concurrency)) enoughAt ??= now
    }
    onProgress?.(progressOf())
  }

  const progressOf = (): Progress => {
    const nowMs = world.now() - startedAt
    const ms = settledAt === undefined ? 0 : world.now() - settledAt
    // Those that settle it and those that count, each with the time that is given to them at least.
    const share = Math.min(1, ended / (concurrency + wanted), settledAt === undefined ? 1 : ms / leastMs)
    const leftMs = ended === 0 ? undefined : Math.max((nowMs / ended) * (concurrency + wanted - ended), leastMs - ms)
    return { concurrency, share, tokensPerSecond: ms > 0 ? (tokens * 1_000) / ms : 0, leftMs }
  }

  const isEnough = (): boolean => failed !== undefined || enoughAt !== undefined
  const samples = await closedLoop(world, target, {
    concurrency,
    questions,
    isEnough,
    onSample,
    signal: AbortSignal.any([signal, enough.signal]),
  })
  return spanOf(samples, settledAt ?? startedAt, enoughAt ?? world.now(), failed)
}

function spanOf(samples: readonly Sample[], fromMs: number, toMs: number, failed: Sample | undefined): Span {
  const perSecond = (from: number, to: number): number =>
    to > from ? (tokensBetween(samples, from, to) * 1_000) / (to - from) : 0
  const thirdMs = (toMs - fromMs) / 3
  const thirds = [0, 1, 2].map((third) => perSecond(fromMs + third * thirdMs, fromMs + (third + 1) * thirdMs))
  const whole = samples.filter(({ fault }) => fault === undefined)
  const within = whole.filter(({ atMs }) => atMs >= fromMs)
  const counted = within.length > 0 ? within : whole
  const apart = apartMost + apartByOne / Math.max(1, counted.length / thirds.length)
  return {
    answers: counted.length,
    tokensPerSecond: perSecond(fromMs, toMs),
    firstTokenMs: spread(counted.flatMap(({ firstTokenMs }) => firstTokenMs ?? [])),
    tokenMs: spread(counted.flatMap((sample) => tokenMsOf(sample) ?? [])),
    fault: failed?.fault === undefined ? undefined : { kind: failed.fault, text: failed.complaint ?? failed.fault },
    isSteady: Math.min(...thirds) >= (1 - apart) * Math.max(...thirds),
  }
}

const spread = (values: readonly number[]): Spread | undefined =>
  values.length === 0 ? undefined : { p50: quantile(values, 0.5), p95: quantile(values, 0.95) }

/** Of each figure the middle one. */
function stepOf(concurrency: number, spans: readonly Span[], seen: Pick<Step, 'others' | 'memory'>): Step {
  const middle = (of: (span: Span) => Spread | undefined): Spread | undefined => {
    const known = spans.flatMap((span) => of(span) ?? [])
    const at = (figure: keyof Spread): number =>
      quantile(
        known.map((one) => one[figure]),
        0.5,
      )
    return known.length === 0 ? undefined : { p50: at('p50'), p95: at('p95') }
  }
  return {
    concurrency,
    answers: spans.reduce((sum, { answers }) => sum + answers, 0),
    tokensPerSecond: quantile(
      spans.map(({ tokensPerSecond }) => tokensPerSecond),
      0.5,
    ),
    firstTokenMs: middle(({ firstTokenMs }) => firstTokenMs),
    tokenMs: middle(({ tokenMs }) => tokenMs),
    fault: spans.find(({ fault }) => fault !== undefined)?.fault,
    ...seen,
    times: spans.length,
  }
}
