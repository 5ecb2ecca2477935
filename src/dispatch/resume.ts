import type { Ask } from '../core/ask.ts'
import type { TalkDialect } from '../core/dialect.ts'
import type { Resumed } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { Part } from '../core/part.ts'
import type { Timeouts } from '../core/settings.ts'
import type { Usage } from '../core/usage.ts'
import { wholeUsage } from '../dialects/begun.ts'
import { type Said, Transcript } from '../dialects/transcript.ts'
import type { Upstream } from '../fleet/upstream.ts'
import type { Lease } from '../scheduler/scheduler.ts'
import { aboutFor } from './about.ts'
import { Attempt } from './attempt.ts'
import { mayContinue } from './continuation.ts'
import { Runaway } from './deadlines.ts'
import { endingFor } from './endings.ts'
import type { DispatchParts } from './parts.ts'
import { costsToll, isUnpaid, Toll, tollFor } from './toll.ts'

/** A stream that breaks more often than this is left as it is. */
const resumesMax = 2
/** Where only the server that broke has the model, it is asked again this often while it may be starting. */
const comeBackMs = 500

/** An attempt at the rest, its first bytes in hand. */
interface Opened {
  readonly type: 'attempt'
  readonly attempt: Attempt
  readonly waitMs: number
}

/** How it goes on: with another attempt, or with the end that was missing. */
type GoingOn = Opened | { readonly type: 'end'; readonly bytes: Uint8Array }

/**
 * Listens along with the caller of one stream, so that when it breaks another server can be asked to go on with the
 * sentence. The caller hears every token once and in order, as one answer: only whole frames have reached it, and what
 * comes of the next server is written behind them.
 */
export class Resumption {
  /** How often it broke and went on all the same. */
  count = 0
  readonly #ask: Ask
  readonly #parts: DispatchParts
  readonly #dialect: TalkDialect
  readonly #modelId: string
  readonly #transcript: Transcript
  readonly #gone = new AbortController()
  #begun: Said | undefined
  /** Where nothing but the end was missing. */
  #whole: Usage | undefined
  #opening: Attempt | undefined

  private constructor(ask: Ask, dialect: TalkDialect, modelId: string, parts: DispatchParts) {
    this.#ask = ask
    this.#parts = parts
    this.#dialect = dialect
    this.#modelId = modelId
    this.#transcript = new Transcript(dialect)
  }

  /** Undefined where a break is to be the end: without a word in the configuration it always is. */
  static of(ask: Ask, { model }: Lease, parts: DispatchParts): Resumption | undefined {
    if (!ask.stream || !parts.mayResume(ask.model, model.id)) return undefined
    const dialect = parts.dialectOf(ask.dialect)
    if (dialect.form !== 'talk' || dialect.carryOn === undefined) return undefined
    if (ask.needs.includes('logprobs') || ask.needs.includes('infill') || ask.needs.includes('memory')) return undefined
    return new Resumption(ask, dialect, model.id, parts)
  }

  hear(frames: Uint8Array): void {
    this.#transcript.hear(frames)
  }

  /** The counts of all servers that spoke, given those of the last. */
  usageOf(last: Usage): Usage {
    return this.#whole ?? (this.#begun === undefined ? last : wholeUsage(last, this.#begun))
  }

  /** Nobody listens any more. */
  stop(): void {
    this.#gone.abort()
    this.#opening?.close()
  }

  /** Undefined when it stays broken. */
  async after(fault: Fault, broken: Upstream): Promise<GoingOn | undefined> {
    const { world, emit } = this.#parts
    const brokeAt = world.now()
    const tell = (outcome: Resumed, upstream?: string): void => {
      const afterMs = world.now() - brokeAt
      emit({ type: 'resumed', ask: this.#ask, from: broken.settings.name, upstream, outcome, afterMs })
    }
    const said = this.#transcript.said()
    const ending = this.#endingOf(said)
    if (ending !== undefined) {
      this.count += 1
      tell('finished')
      return { type: 'end', bytes: ending }
    }
    const ask = this.#restOf(said, brokeAt)
    const opened =
      fault.retry && !(fault.cause instanceof Runaway) && !said.isClosed && ask !== undefined
        ? await this.#open(ask, said, broken)
        : ('unfit' as const)
    if (opened === 'unfit' || opened === undefined) {
      tell(this.#gone.signal.aborted ? 'left' : (opened ?? 'failed'))
      return undefined
    }
    this.count += 1
    this.#begun = said
    tell('carried-on', opened.attempt.lease.upstream.settings.name)
    return opened
  }

  /** All was said but the end of it, or as much as the caller allows. */
  #endingOf(said: Said): Uint8Array | undefined {
    const { outputTokensMax = Infinity, promptTokens } = this.#ask
    if (said.isClosed) return undefined
    const reason = said.reason ?? (said.tokens >= outputTokensMax ? 'length' : undefined)
    if (reason === undefined) return undefined
    this.#whole = said.usage ?? { promptTokens, outputTokens: said.tokens, estimated: true }
    const parts: Part[] = [{ type: 'usage', usage: this.#whole }, { type: 'end' }]
    const write = this.#dialect.partWriter(aboutFor(this.#ask, this.#dialect, this.#parts.world, said))
    if (said.reason === undefined) parts.unshift({ type: 'finish', reason })
    return Buffer.from(parts.map(write).join(''))
  }

  /** What is left to be asked; undefined when it would be of no use. */
  #restOf({ tokens }: Said, now: number): Ask | undefined {
    const { arrivedAt, deadlineMs = Infinity, patienceMs, promptTokens, outputTokensMax } = this.#ask
    const age = now - arrivedAt
    if (this.count >= resumesMax || age >= deadlineMs) return undefined
    return {
      ...this.#ask,
      promptTokens: promptTokens + tokens,
      outputTokensMax: outputTokensMax === undefined ? undefined : outputTokensMax - tokens,
      // Whoever has half an answer waits for the next word as long as for any other.
      patienceMs: age + Math.max(patienceMs, this.#parts.timeouts.gapMs),
      signal: this.#gone.signal,
    }
  }

  /** The whole answer may take no longer for its having broken. */
  #timeLeft(): Timeouts {
    const { timeouts, world } = this.#parts
    if (timeouts.totalMs === undefined) return timeouts
    return { ...timeouts, totalMs: Math.max(0, timeouts.totalMs - (world.now() - this.#ask.arrivedAt)) }
  }

  /** Another server first; the one that broke, which may have been started again, when there is no other. */
  async #open(ask: Ask, said: Said, broken: Upstream): Promise<Opened | 'unfit' | undefined> {
    const { world, attemptsMax, offersOf, dialectOf } = this.#parts
    const until = world.now() + this.#ask.patienceMs
    const unable = new Set<Upstream>()
    const able = new Set<Upstream>()
    for (const offer of offersOf(ask.model)) {
      const set = mayContinue(ask, offer, said, this.#modelId, dialectOf) ? able : unable
      set.add(offer.upstream)
    }
    if (able.size === 0) return 'unfit'
    const avoid = new Set(unable).add(broken)
    for (let tries = 0; tries < attemptsMax && avoid.size < able.size + unable.size; tries += 1) {
      const opened = await this.#try(ask, avoid, said)
      if (!(opened instanceof Fault)) return opened
      if (isNobody(opened)) break
      if (!opened.retry && !isUnpaid(opened)) return undefined
    }
    if (!able.has(broken)) return undefined
    for (;;) {
      const opened = await this.#try(ask, new Set(unable), said)
      if (!(opened instanceof Fault)) return opened
      // It may be on its way up again.
      if ((!opened.retry && !isNobody(opened)) || world.now() + comeBackMs > until) return undefined
      await world.sleep(comeBackMs, this.#gone.signal)
    }
  }

  /** Whoever is tried is to be avoided from then on. */
  async #try(ask: Ask, avoid: Set<Upstream>, said: Said): Promise<Opened | Fault> {
    let lease: Lease | undefined
    let toll: Toll | Fault | undefined
    try {
      lease = await this.#parts.scheduler.acquire(ask, avoid)
      avoid.add(lease.upstream)
      toll = costsToll(ask, lease) ? await tollFor(ask, lease) : undefined
      if (toll instanceof Fault) throw toll
      const attempt = new Attempt(ask, lease, { ...this.#parts, timeouts: this.#timeLeft() }, { begun: said, toll })
      this.#opening = attempt
      await attempt.open()
      return { type: 'attempt', attempt, waitMs: lease.waitMs }
    } catch (error) {
      const fault = Fault.from(error, ask.signal)
      lease?.end(endingFor(fault))
      if (toll instanceof Toll) toll.release()
      if (lease !== undefined && fault.blame === 'upstream') {
        const { kind, message: reason } = fault
        const upstream = lease.upstream.settings.name
        this.#parts.emit({ type: 'attempt-failed', ask: this.#ask, upstream, midStream: true, kind, reason })
      }
      return fault
    } finally {
      this.#opening = undefined
    }
  }
}

const isNobody = ({ kind }: Fault): boolean => kind === 'no-upstream' || kind === 'no-such-model'
