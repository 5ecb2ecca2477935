import type { Ask } from '../core/ask.ts'
import type { Event } from '../core/event.ts'
import { comparisonsOf } from '../core/prediction.ts'
import type { Outcome } from '../core/reply.ts'
import { Samples, Seconds } from './rings.ts'
import { type EventView, viewOf } from './view.ts'

/** What the feed reads when it is looked at. A gateway is one. */
export interface FeedSource {
  readonly world: { now(): number; epochMs(): number }
  /** Asks in the queue. */
  readonly waiting: number
  asks(): readonly { readonly state: 'queued' | 'running' }[]
}

/** The last minutes at a glance. Rates and percentiles are of the last `windowSeconds`. */
export interface FeedSnapshot {
  readonly epochMs: number
  readonly windowSeconds: number
  readonly queued: number
  readonly running: number
  /** All that ended since the start. */
  readonly settledEver: number
  readonly requestsPerSecond: number
  readonly outputTokensPerSecond: number
  readonly served: number
  /** Ended with a fault that is not the caller's, and was not turned away either. */
  readonly failed: number
  /** Turned away for want of room, time or money; ended with a fault that is the caller's, going away included; or never became an ask. */
  readonly refused: number
  /** Let in at a higher tier. */
  readonly spilled: number
  readonly firstTokenMs: Percentiles | undefined
  readonly totalMs: Percentiles | undefined
  /** By what factor first tokens came sooner or later than was predicted. */
  readonly firstTokenOff: Percentiles | undefined
  readonly upstreams: readonly { readonly name: string; readonly served: number; readonly outputTokens: number }[]
  /** One number a second, the oldest first; the last is the second that has just begun. */
  readonly history: Readonly<
    Record<'arrived' | 'served' | 'failed' | 'spilled' | 'outputTokens' | 'queuedMost', readonly number[]>
  >
  /** The asks that ended last, the latest first. */
  readonly recent: readonly EventView[]
}

export interface Percentiles {
  readonly p50: number
  readonly p95: number
}

const windowSeconds = 30
/** Come back later: nothing was done, and nothing broke. */
const turnedAway = 429
const historySeconds = 300
const recentMax = 50
const upstreamsMax = 200

/** The last minutes, kept in memory of a fixed size: for the terminal, the live page and whoever asks `/api/feed`. */
export class Feed {
  readonly #source: FeedSource
  readonly #startedAt: number
  readonly #arrived = new Seconds(historySeconds)
  readonly #served = new Seconds(historySeconds)
  readonly #failed = new Seconds(historySeconds)
  readonly #refused = new Seconds(historySeconds)
  readonly #spilled = new Seconds(historySeconds)
  /** However often one of them is tried there, it has left once. */
  readonly #gone = new WeakSet<Ask>()
  readonly #outputTokens = new Seconds(historySeconds)
  readonly #queuedMost = new Seconds(historySeconds)
  readonly #firstTokens = new Samples(2_048)
  readonly #totals = new Samples(2_048)
  readonly #firstTokensOff = new Samples(2_048)
  readonly #upstreams = new Map<string, { served: Seconds; outputTokens: Seconds }>()
  /** Views, not events: an event holds on to what was asked. */
  readonly #recent: EventView[] = []
  #settledEver = 0

  constructor(source: FeedSource) {
    this.#source = source
    this.#startedAt = source.world.now()
  }

  readonly listen = (event: Event): void => {
    const now = this.#source.world.now()
    switch (event.type) {
      case 'ask-arrived':
        return this.#arrived.add(now, 1)
      case 'ask-queued':
        return this.#queuedMost.raise(now, event.ahead + 1)
      case 'ask-granted':
        return event.spilled ? this.#left(event.ask, now) : undefined
      case 'first-token':
        return this.#firstTokens.add(now, event.afterMs)
      case 'request-refused':
        return this.#refused.add(now, 1)
      case 'ask-settled':
        return this.#settled(event, now)
      default:
        return undefined
    }
  }

  snapshot(): FeedSnapshot {
    const { world, waiting } = this.#source
    const now = world.now()
    // The last second has only begun; and a gateway that has just started is not slow, only young.
    const whole = windowSeconds - 1 + (now % 1_000) / 1_000
    const seconds = Math.min(whole, Math.max(1, (now - this.#startedAt) / 1_000))
    const running = this.#source.asks().filter(({ state }) => state === 'running').length
    const history = (ring: Seconds): readonly number[] => ring.last(now, historySeconds)
    return {
      epochMs: world.epochMs(),
      windowSeconds,
      queued: waiting,
      running,
      settledEver: this.#settledEver,
      requestsPerSecond: this.#arrived.sum(now, windowSeconds) / seconds,
      outputTokensPerSecond: this.#outputTokens.sum(now, windowSeconds) / seconds,
      served: this.#served.sum(now, windowSeconds),
      failed: this.#failed.sum(now, windowSeconds),
      refused: this.#refused.sum(now, windowSeconds),
      spilled: this.#spilled.sum(now, windowSeconds),
      firstTokenMs: this.#firstTokens.percentiles(now - windowSeconds * 1_000),
      totalMs: this.#totals.percentiles(now - windowSeconds * 1_000),
      firstTokenOff: this.#firstTokensOff.percentiles(now - windowSeconds * 1_000),
      upstreams: [...this.#upstreams].map(([name, { served, outputTokens }]) => ({
        name,
        served: served.sum(now, windowSeconds),
        outputTokens: outputTokens.sum(now, windowSeconds),
      })),
      history: {
        arrived: history(this.#arrived),
        served: history(this.#served),
        failed: history(this.#failed),
        spilled: history(this.#spilled),
        outputTokens: history(this.#outputTokens),
        queuedMost: history(this.#queuedMost),
      },
      recent: this.#recent.toReversed(),
    }
  }

  #left(ask: Ask, now: number): void {
    if (this.#gone.has(ask)) return
    this.#gone.add(ask)
    this.#spilled.add(now, 1)
  }

  #settled(event: Extract<Event, { type: 'ask-settled' }>, now: number): void {
    const { ask, outcome } = event
    this.#settledEver += 1
    if (this.#recent.length === recentMax) this.#recent.shift()
    this.#recent.push(viewOf(event))
    if (outcome.attempts > 0) this.#spent(outcome, now)
    if (outcome.fault === undefined) {
      this.#served.add(now, 1)
      this.#totals.add(now, outcome.totalMs)
      for (const { what, factor } of comparisonsOf(ask, outcome))
        if (what === 'first_token') this.#firstTokensOff.add(now, factor)
    } else {
      const { blame, status } = outcome.fault
      const isRefused = blame === 'caller' || status === turnedAway
      ;(isRefused ? this.#refused : this.#failed).add(now, 1)
    }
  }

  #spent({ upstream, usage, fault }: Outcome, now: number): void {
    let spent = this.#upstreams.get(upstream)
    if (spent === undefined) {
      if (this.#upstreams.size === upstreamsMax) return
      spent = { served: new Seconds(historySeconds), outputTokens: new Seconds(historySeconds) }
      this.#upstreams.set(upstream, spent)
    }
    if (fault === undefined) spent.served.add(now, 1)
    spent.outputTokens.add(now, usage.outputTokens)
    this.#outputTokens.add(now, usage.outputTokens)
  }
}
