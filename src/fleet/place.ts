import type { Ending, Limit } from './limit.ts'
import { Pace, type Served } from './pace.ts'

/** What was expected of an ask when it was given its room, kept until it ends. */
export interface Stay {
  readonly startedAt: number
  readonly promptTokens: number
  readonly expectedEndAt: number
  /** Asks in the place when it began, itself included. */
  readonly inFlight: number
  /** What its limit made of its coming. */
  readonly toRead: number
  /** When it ceased to have the server to itself: at once, when another joined, or never. */
  aloneUntil: number
  readonly cold: boolean
  /** Whether the caller sees tokens as they come. */
  readonly stream: boolean
  /** It is the one that tries a broken server. */
  readonly isTrial: boolean
}

/** One who comes to stay. */
export interface Guest {
  readonly promptTokens: number
  readonly outputTokens: number
  readonly stream: boolean
  readonly isTrial: boolean
  /** Nothing else is under way on the whole server. */
  readonly alone: boolean
}

export interface Seen {
  readonly firstTokenMs: number | undefined
  readonly outputTokens: number
}

const coolMs = 500
const coolMaxMs = 8_000

/** One model on one upstream: how many asks are there, how many fit, and how fast they go. */
export class Place {
  /** Another one when the configuration sets another. */
  limit: Limit
  readonly pace: Pace = new Pace()
  inFlight = 0
  /** Whether the model is in memory, as far as is known. */
  loaded: boolean | undefined
  /** Sum of the expected ends of all that is under way: with it, the work left is one subtraction. */
  #expectedEnds = 0
  #refusals = 0
  #coolsUntil = 0
  #alone: Stay | undefined

  constructor(limit: Limit) {
    this.limit = limit
  }

  /** When a server that said it was busy may be asked again. */
  get coolsUntil(): number {
    return this.#coolsUntil
  }

  hasRoom(now: number): boolean {
    return this.inFlight < this.limit.value && now >= this.#coolsUntil
  }

  begin(ask: Guest, now: number): Stay {
    this.inFlight += 1
    const cold = this.loaded === false
    const holdMs = this.pace.expectedHoldMs(ask.promptTokens, ask.outputTokens) + (cold ? this.pace.loadMs : 0)
    const stay: Stay = {
      startedAt: now,
      promptTokens: ask.promptTokens,
      expectedEndAt: now + holdMs,
      inFlight: this.inFlight,
      toRead: this.limit.begun(ask.promptTokens, now),
      aloneUntil: ask.alone ? Infinity : now,
      cold,
      stream: ask.stream,
      isTrial: ask.isTrial,
    }
    if (ask.alone) this.#alone = stay
    this.#expectedEnds += stay.expectedEndAt
    return stay
  }

  /** Another ask has begun on the same server, with this model or another. */
  joined(now: number): void {
    if (this.#alone === undefined) return
    this.#alone.aloneUntil = now
    this.#alone = undefined
  }

  end(stay: Stay, ending: Ending, seen: Seen, now: number): void {
    this.inFlight -= 1
    if (this.#alone === stay) this.#alone = undefined
    this.#expectedEnds = this.inFlight === 0 ? 0 : this.#expectedEnds - stay.expectedEndAt
    if (ending === 'overloaded') this.#cool(now)
    const served = this.#served(stay, seen, now)
    this.limit.learn(ending, {
      ...served,
      inFlight: stay.inFlight,
      inFlightAtEnd: this.inFlight + 1,
      toRead: stay.toRead,
      startedAt: stay.startedAt,
      now,
    })
    if (ending !== 'served') return
    this.#refusals = 0
    // Where the server does not tell, one answer is no reason to prefer it to others that do not tell either.
    if (this.loaded === false) this.loaded = true
    this.pace.learn(served, now)
  }

  /** Time to a first token for an ask of this size, from when it has room here. */
  firstTokenMs(promptTokens: number, now: number): number {
    return this.pace.firstTokenMs(promptTokens, {
      fullness: this.inFlight / this.limit.value,
      cold: this.loaded === false,
      now,
    })
  }

  /** How many asks end in a millisecond while it is full. */
  get endsPerMs(): number {
    return this.limit.value / Math.max(1, this.pace.holdMs)
  }

  /** Expected time until there is room here. */
  nextRoomMs(now: number): number {
    const coolingMs = Math.max(0, this.#coolsUntil - now)
    if (this.inFlight < this.limit.value) return coolingMs
    const workLeftMs = Math.max(0, this.#expectedEnds - this.inFlight * now)
    // Ends are spread over a hold: the first comes about half a hold before their mean, unless there is but one.
    const earlierMs = ((this.inFlight - 1) * this.pace.holdMs) / (2 * this.inFlight)
    return Math.max(coolingMs, workLeftMs / this.inFlight - earlierMs)
  }

  #served(stay: Stay, seen: Seen, now: number): Served {
    // An answer in one piece shows its first token together with its last.
    const firstTokenMs = stay.stream ? seen.firstTokenMs : undefined
    const totalMs = now - stay.startedAt
    return {
      promptTokens: stay.promptTokens,
      outputTokens: seen.outputTokens,
      firstTokenMs,
      totalMs,
      alone: stay.startedAt + (firstTokenMs ?? totalMs) <= stay.aloneUntil,
      cold: stay.cold,
    }
  }

  /** At once again would be refused again. It is left alone for a moment, longer each time. */
  #cool(now: number): void {
    if (now < this.#coolsUntil) return
    this.#coolsUntil = now + Math.min(coolMaxMs, coolMs * 2 ** this.#refusals)
    this.#refusals += 1
  }
}
