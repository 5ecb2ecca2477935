import { Line } from './line.ts'

/** A modest graphics card. */
const modest = { overhead: 30, slope: 0.3 }

/** The latest that are kept. */
const samplesMax = 20

/** What is seen is often too short and now and then too long: so much of it is below what is believed. */
const share = 0.7

/**
 * That it takes longer than was believed is believed slowly: it may be that others are in the way, who will leave again.
 * That it takes less has no other reason.
 */
const longerWithinMs = 120_000
const shorterWithinMs = 5_000
const longerTimes = 1.1

/** Who speaks so many times later than one who finds nobody there has hardly waited for anybody. */
const promptTimes = 1.2

/** How long a server takes until it has read a prompt, as far as that can be seen from outside while it is in use. */
export class Reading {
  /** Of those who found nobody before them. */
  readonly #unhindered = new Line(modest)
  /** Of all, as many times as long as the modest card. */
  #times = 1
  readonly #samples: number[] = []
  #learnedAt = 0

  get isKnown(): boolean {
    return this.#samples.length > 0
  }

  msFor(promptTokens: number): number {
    const ms = this.#times * modestMs(promptTokens)
    return this.#unhindered.samples === 0 ? ms : Math.max(ms, this.#unhindered.at(promptTokens))
  }

  /** Whether a first token came as soon as that of one who finds nobody before it. */
  isPrompt(promptTokens: number, firstTokenMs: number): boolean {
    return this.#unhindered.samples > 0 && firstTokenMs <= promptTimes * this.#unhindered.at(promptTokens)
  }

  /** A first token came so long after its ask was sent. `isFirst`: it found nobody before it. */
  came(promptTokens: number, firstTokenMs: number, isFirst: boolean): void {
    const line = this.#unhindered
    const believedMs = line.at(promptTokens)
    const isQuicker = line.samples > 0 && firstTokenMs < believedMs
    if (!isFirst && !isQuicker) return
    line.learn(promptTokens, line.samples < 3 ? firstTokenMs : Math.min(firstTokenMs, longerTimes * believedMs))
  }

  /** It was read in so long, or longer. */
  learn(promptTokens: number, tookMs: number, now: number): void {
    const isFirm = this.#samples.length === samplesMax
    if (isFirm) this.#samples.shift()
    this.#samples.push(Math.max(1, tookMs) / modestMs(promptTokens))
    const seen = this.#samples.toSorted((one, other) => one - other)[Math.floor(share * this.#samples.length)]!
    const withinMs = seen > this.#times ? longerWithinMs : shorterWithinMs
    const known = isFirm ? Math.exp((this.#learnedAt - now) / withinMs) : 0
    this.#times = seen + (this.#times - seen) * known
    this.#learnedAt = now
  }
}

const modestMs = (promptTokens: number): number => modest.overhead + modest.slope * promptTokens
