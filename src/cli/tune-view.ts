import { styleText } from 'node:util'
import { curveText } from '../plots/text-curve.ts'
import type { Tuning } from '../trial/tuning/search.ts'
import type { Progress, Step } from '../trial/tuning/step.ts'
import type { Bounds } from '../trial/tuning/sweet-spot.ts'
import { inWords, tokens, whyOf } from '../trial/tuning/why.ts'
import { table } from './table.ts'

/** What was found out, and about what. */
export interface Tuned {
  readonly upstream: string
  readonly model: string
  readonly promptTokens: number
  readonly outputTokens: number
  readonly bounds: Bounds
  readonly tuning: Tuning
  /** What makes it less certain, in sentences. */
  readonly warnings: readonly string[]
}

/** For programs. */
export function jsonOf({ upstream, model, promptTokens, outputTokens, bounds, tuning, warnings }: Tuned): object {
  const { best, stopped, steps } = tuning
  return {
    concurrency: best?.concurrency ?? null,
    upstream,
    model,
    tokens_per_second: best === undefined ? null : rounded(best.tokensPerSecond),
    stopped,
    why: whyOf(tuning, bounds).join(' '),
    prompt_tokens: promptTokens,
    output_tokens: outputTokens,
    warnings,
    steps: steps.map((step) => ({
      concurrency: step.concurrency,
      answers: step.answers,
      tokens_per_second: rounded(step.tokensPerSecond),
      first_token_ms: spreadOf(step.firstTokenMs),
      token_ms: spreadOf(step.tokenMs),
      others: step.others ?? null,
      times: step.times,
      fault: step.fault?.text ?? null,
    })),
  }
}

interface Axis {
  readonly label: string
  readonly unit?: string
}

const rounded = (value: number): number => Math.round(value * 100) / 100

const spreadOf = (spread: Step['firstTokenMs']): object | null =>
  spread === undefined ? null : { p50: rounded(spread.p50), p95: rounded(spread.p95) }

/** For people: each step, how throughput and first tokens went, and the answer. */
export function linesOf(tuned: Tuned, columns: number): string[] {
  const { upstream, model, tuning, warnings } = tuned
  const { best, steps } = tuning
  return [
    `${upstream}, ${model}: prompts of about ${tuned.promptTokens} tokens, answers of about ${tuned.outputTokens}`,
    ...(steps.length === 0 ? [] : ['', ...tableOf(steps, best)]),
    ...curves(
      steps.filter(({ fault }) => fault === undefined),
      best,
      columns,
    ),
    '',
    ...answerOf(tuned),
    ...warnings.map((warning) => `${styleText('yellow', 'Mind:')} ${warning}`),
  ]
}

function answerOf({ tuning, bounds }: Tuned): readonly string[] {
  const { best, steps } = tuning
  const why = whyOf(tuning, bounds)
  if (best === undefined) return steps.length === 0 ? ['Nothing is known yet.', ...why] : why
  const alone = steps.find(({ concurrency }) => concurrency === 1)
  const times = alone === undefined || alone === best ? 1 : best.tokensPerSecond / alone.tokensPerSecond
  const gained = times > 1.05 ? `, ${times.toFixed(1)} times as much as one alone` : ''
  const first = best.firstTokenMs === undefined ? '' : `, a first token after ${inWords(best.firstTokenMs.p50)}`
  return [`${styleText('bold', `concurrency: ${best.concurrency}`)} gives ${tokens(best)}${gained}${first}.`, ...why]
}

const tableOf = (steps: readonly Step[], best: Step | undefined): string[] =>
  table(
    ['AT ONCE', 'TOKENS/S', 'FIRST TOKEN MS', 'P95', 'MS PER TOKEN', 'P95', ''],
    steps.map((step) => {
      const { concurrency, tokensPerSecond, firstTokenMs, tokenMs, fault } = step
      const well = fault === undefined ? tokensPerSecond : undefined
      const figures = [well, firstTokenMs?.p50, firstTokenMs?.p95, tokenMs?.p50, tokenMs?.p95]
      const note = step === best ? '← best' : fault === undefined ? '' : 'a request failed'
      return [`${concurrency}`, ...figures.map(figure), note]
    }),
  )

const figure = (value: number | undefined): string =>
  value === undefined ? '-' : value < 100 ? value.toFixed(1) : String(Math.round(value))

function curves(steps: readonly Step[], best: Step | undefined, columns: number): string[] {
  // One point is no curve.
  if (steps.length < 2) return []
  const common = {
    title: '',
    x: { label: 'at once' },
    ...(best !== undefined && { mark: { at: best.concurrency, name: 'best' } }),
  }
  const draw = (y: Axis, rows: number, value: (step: Step) => number | undefined): string[] => {
    const points = steps.flatMap((step) => {
      const at = value(step)
      return at === undefined ? [] : [[step.concurrency, at] as const]
    })
    return curveText({ ...common, y, series: [{ name: y.label, points }] }, { columns: Math.min(columns, 76), rows })
  }
  return [
    '',
    ...draw({ label: 'tokens/s' }, 10, ({ tokensPerSecond }) => tokensPerSecond),
    '',
    ...draw({ label: 'first token (p95)', unit: 'ms' }, 6, ({ firstTokenMs }) => firstTokenMs?.p95),
  ]
}

export const stepLine = ({ concurrency, tokensPerSecond, firstTokenMs, tokenMs, fault, times }: Step): string =>
  [
    `${concurrency} at once: ${fault === undefined ? tokens({ tokensPerSecond }) : `a request failed: ${fault.text}`}`,
    ...(firstTokenMs === undefined
      ? []
      : [`first token ${inWords(firstTokenMs.p50)} (p95 ${inWords(firstTokenMs.p95)})`]),
    ...(tokenMs === undefined ? [] : [`${inWords(tokenMs.p50)} per token`]),
    ...(times > 1 ? [`measured ${times} times`] : []),
  ].join(', ')

export function progressLine({ concurrency, share, tokensPerSecond, leftMs }: Progress): string {
  const done = Math.round(share * 20)
  const bar = `${'█'.repeat(done)}${'░'.repeat(20 - done)}`
  const left = leftMs === undefined ? '' : `, ${Math.max(0, Math.ceil(leftMs / 1_000))} s left of this step`
  return `${bar} ${concurrency} at once: ${tokens({ tokensPerSecond })}${left}`
}
