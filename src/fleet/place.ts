import type { Ask } from '../core/ask.ts'
import { leftAfter, longestOf, meanOf, type Length } from '../core/length.ts'
import type { Prefix } from '../core/prefix.ts'
import { Lateness } from './lateness.ts'
import type { Ending, Limit } from './limit.ts'
import { Pace, type Served } from './pace.ts'
import { Slowness } from './slowness.ts'
import { Tenant } from './tenant.ts'
import type { PrefixMemory, Visit } from './prefix-memory.ts'

/** What was expected of an ask when it was given its room, and what is seen of it, until it ends. */
export interface Stay {
  readonly startedAt: number
  /** Of its prompt, what the server has to read. */
  readonly newTokens: number
  /** Undefined where nothing of its prompt is remembered. */
  readonly visit: Visit | undefined
  readonly length: Length
  /** When its first token was expected. */
  readonly speaksAt: number
  /** When it began to speak; undefined while it has not, or where nobody sees it. */
  spokeAt: number | undefined
  /** Asks in the place when it began, itself included. */
  readonly inFlight: number
  /** What its limit made of its coming. */
  readonly toRead: number
  /** The sum of all stays in the place up to then. */
  readonly staysBefore: number
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
  readonly prefix?: Prefix | undefined
  readonly length: Length
  readonly stream: boolean
  readonly isTrial: boolean
  /** Nothing else is under way on the whole server. */
  readonly alone: boolean
}

export interface Seen {
  readonly firstTokenMs: number | undefined
  readonly outputTokens: number
  /** Of the prompt, what the server says it need not read. */
  readonly cachedTokens?: number | undefined
}

/** Shorter answers do not tell how long a token takes. */
const tokensMin = 8

/** Silence that is shorter says nothing. */
const silenceMinMs = 100

const coolMs = 500
const coolMaxMs = 8_000
/** What is predicted for one instant holds for the next few. */
const sameMs = 2

/** One model on one upstream: how many asks are there, how many fit, and how fast they go. */
export class Place {
  /** Another one when the configuration sets another. */
  limit: Limit
  readonly pace: Pace = new Pace()
  readonly tenant: Tenant = new Tenant(this)
  readonly slowness: Slowness = new Slowness()
  readonly #lateness = new Lateness()
  /** Undefined where no prompts are remembered. */
  readonly #prefixes: PrefixMemory | undefined
  readonly #stays = new Set<Stay>()
  #refusals = 0
  #coolsUntil = 0
  #alone: Stay | undefined
  /** Milliseconds that asks have been here, all together, and when that was added up. */
  #stayedMs = 0
  #addedAt = 0
  #middling: { readonly places: number; readonly answers: number; readonly ms: number } | undefined
  #silence: { readonly now: number; readonly times: number } | undefined
  #nextEnd: { readonly now: number; readonly ms: number } | undefined

  constructor(limit: Limit, prefixes?: PrefixMemory) {
    this.limit = limit
    this.#prefixes = prefixes
  }

  get inFlight(): number {
    return this.#stays.size
  }

  /** Whether the model is in memory, as far as is known. */
  get loaded(): boolean | undefined {
    return this.tenant.loaded
  }

  set loaded(loaded: boolean | undefined) {
    this.tenant.loaded = loaded
  }

  /** When a server that said it was busy may be asked again. */
  get coolsUntil(): number {
    return this.#coolsUntil
  }

  hasRoom(now: number): boolean {
    return this.inFlight < this.limit.value && now >= this.#coolsUntil
  }

  /** Whoever comes next has a place of which nobody knows yet whether it is there: it may stand in line in the server. */
  get isDoubtful(): boolean {
    return this.inFlight >= this.limit.sure
  }

  begin(ask: Guest, now: number): Stay {
    const { promptTokens, prefix, length, stream, isTrial, alone } = ask
    this.#add(now)
    const cold = this.loaded === false
    const visit = prefix && this.#prefixes?.visit(prefix, promptTokens)
    const newTokens = promptTokens - (visit?.cachedTokens ?? 0)
    const stay: Stay = {
      startedAt: now,
      newTokens,
      visit,
      length,
      speaksAt: now + this.firstTokenMs(newTokens, now),
      spokeAt: undefined,
      inFlight: this.inFlight + 1,
      toRead: this.limit.begun(newTokens, now),
      staysBefore: this.#stayedMs,
      aloneUntil: alone ? Infinity : now,
      cold,
      stream,
      isTrial,
    }
    if (alone) this.#alone = stay
    this.#stays.add(stay)
    this.slowness.tried(now)
    return stay
  }

  /** The first token of one has come. */
  spoke(stay: Stay, now: number): void {
    if (!stay.stream || stay.spokeAt !== undefined) return
    stay.spokeAt = now
    if (!stay.cold) this.slowness.learn(stay.speaksAt - stay.startedAt, now - stay.startedAt)
  }

  /** Another ask has begun on the same server, with this model or another. */
  joined(now: number): void {
    if (this.#alone === undefined) return
    this.#alone.aloneUntil = now
    this.#alone = undefined
  }

  end(stay: Stay, ending: Ending, seen: Seen, now: number): void {
    this.#add(now)
    this.#stays.delete(stay)
    if (this.#alone === stay) this.#alone = undefined
    if (stay.visit !== undefined) this.#prefixes!.leave(stay.visit, seen.cachedTokens)
    if (ending === 'overloaded') this.#cool(now)
    const served = this.#served(stay, seen, now)
    this.limit.learn(ending, {
      ...served,
      inFlight: stay.inFlight,
      toRead: stay.toRead,
      startedAt: stay.startedAt,
      now,
    })
    this.#learnLateness(stay, ending, served)
    if (ending === 'ignored' && stay.stream) this.pace.learnCut(served, now)
    if (ending !== 'served') return
    this.#refusals = 0
    this.#learnSpeech(stay, served)
    // Where the server does not tell, one answer is no reason to prefer it to others that do not tell either.
    if (this.loaded === false) this.loaded = true
    this.pace.learn(served, now)
  }

  /** Of this prompt, what the server is believed to have in memory. */
  cachedTokens({ prefix, promptTokens }: Pick<Ask, 'prefix' | 'promptTokens'>): number {
    return prefix === undefined || this.#prefixes === undefined ? 0 : this.#prefixes.cachedTokens(prefix, promptTokens)
  }

  /** The server has nothing of them any more. */
  forgetPrompts(): void {
    this.#prefixes?.forget()
  }

  /** Time to a first token for an ask of which the server has to read so much, from when it has room here. */
  firstTokenMs(newTokens: number, now: number): number {
    return this.pace.firstTokenMs(newTokens, {
      fullness: this.inFlight / this.limit.value,
      cold: this.loaded === false,
      now,
    })
  }

  /**
   * How long hardly any ask like this one is silent; undefined where that is not known, and for one that has to wait for
   * its model. An answer in one piece is silent until its end.
   */
  lateAfterMs({ cold, startedAt, speaksAt, length }: Stay, inOnePiece: boolean): number | undefined {
    const firstMs = cold ? undefined : this.#lateness.after(speaksAt - startedAt)
    if (firstMs === undefined || !inOnePiece) return firstMs
    return firstMs + longestOf(length) * this.pace.stepMs(this.limit.value)
  }

  #learnSpeech({ cold }: Stay, { firstTokenMs, totalMs, outputTokens, batch }: Served): void {
    if (cold || firstTokenMs === undefined || outputTokens < tokensMin) return
    this.slowness.learn(this.pace.stepMs(batch) * (outputTokens - 1), totalMs - firstTokenMs)
  }

  #learnLateness({ cold, speaksAt, startedAt }: Stay, ending: Ending, { firstTokenMs, totalMs }: Served): void {
    const expectedMs = speaksAt - startedAt
    if (cold) return
    if (firstTokenMs !== undefined) this.#lateness.learn(expectedMs, firstTokenMs)
    // Silent to its end, and that was late: how late it would have been nobody knows, but it belongs to the late ones.
    else if (ending !== 'served' && totalMs > (this.#lateness.after(expectedMs) ?? Infinity))
      this.#lateness.learn(expectedMs, totalMs)
  }

  /** Time that an ask takes from the whole of it while it is full: as many go side by side as there are places. */
  shareMs(promptTokens: number, outputTokens: number): number {
    const places = this.limit.value
    return Math.max(0.1, this.pace.expectedHoldMs(promptTokens, outputTokens, places) / places)
  }

  /** The same for an ask of middling size, by which places are compared. */
  get middlingShareMs(): number {
    const places = this.limit.value
    const { answers } = this.pace
    let known = this.#middling
    if (known === undefined || known.places !== places || known.answers !== answers)
      this.#middling = known = { places, answers, ms: this.shareMs(500, 150) }
    return known.ms
  }

  /** How long one of middling size would be here beside those who are, as fast as it is just now. */
  middlingHoldMs(now: number): number {
    return this.pace.expectedHoldMs(500, 150, this.inFlight + 1) * this.slownessTimes(now)
  }

  /** How many times as long as its pace says it takes just now: by what has come, and by what should have. */
  slownessTimes(now: number): number {
    let known = this.#silence
    if (known === undefined || now - known.now >= sameMs) this.#silence = known = { now, times: this.#silentTimes(now) }
    return Math.max(this.slowness.times, known.times)
  }

  #silentTimes(now: number): number {
    let times = 0
    for (const { stream, cold, spokeAt, startedAt, speaksAt } of this.#stays) {
      if (spokeAt !== undefined || !stream || cold || now - startedAt < silenceMinMs) continue
      times = Math.max(times, (now - startedAt) / Math.max(silenceMinMs, speaksAt - startedAt))
    }
    return times
  }

  /** From its first token to its last, for an ask of this size that begins beside those who are here, or when it is full. */
  speechMs(outputTokens: number, whenFull: boolean): number {
    return outputTokens * this.pace.stepMs(whenFull ? this.limit.value : this.inFlight + 1)
  }

  /** Expected time until there is room here. */
  nextRoomMs(now: number): number {
    const coolingMs = Math.max(0, this.#coolsUntil - now)
    const over = this.inFlight - this.limit.sure
    if (over < 0) return coolingMs
    return Math.max(coolingMs, this.#nextEndMs(now) * (over + 1))
  }

  #nextEndMs(now: number): number {
    const known = this.#nextEnd
    if (known !== undefined && now - known.now < sameMs) return known.ms
    const stepMs = this.pace.stepMs(this.inFlight)
    // The first of several to end comes sooner than the soonest expected, the more so the less is known of each.
    let sigma = 0
    for (const stay of this.#stays) sigma += stay.length.sigma
    const sharpness = Math.min(20, Math.max(1, this.#stays.size / sigma))
    let sum = 0
    for (const stay of this.#stays) sum += Math.max(1, leftMs(stay, stepMs, now)) ** -sharpness
    const ms = sum === 0 ? 0 : sum ** (-1 / sharpness)
    this.#nextEnd = { now, ms }
    return ms
  }

  #served(stay: Stay, seen: Seen, now: number): Served {
    // An answer in one piece shows its first token together with its last.
    const firstTokenMs = stay.stream ? seen.firstTokenMs : undefined
    const totalMs = now - stay.startedAt
    // The server knows better what it had to read.
    const newTokens =
      stay.visit === undefined || seen.cachedTokens === undefined
        ? stay.newTokens
        : Math.max(1, stay.visit.promptTokens - seen.cachedTokens)
    return {
      promptTokens: newTokens,
      outputTokens: seen.outputTokens,
      firstTokenMs,
      totalMs,
      alone: stay.startedAt + (firstTokenMs ?? totalMs) <= stay.aloneUntil,
      cold: stay.cold,
      batch: totalMs > 0 ? (this.#stayedMs - stay.staysBefore) / totalMs : stay.inFlight,
    }
  }

  /** Keeps the sum of all stays, from which each learns how many were here beside it. To be called before any comes or goes. */
  #add(now: number): void {
    this.#stayedMs += this.#stays.size * (now - this.#addedAt)
    this.#addedAt = now
    this.#nextEnd = undefined
  }

  /** At once again would be refused again. It is left alone for a moment, longer each time. */
  #cool(now: number): void {
    if (now < this.#coolsUntil) return
    this.#coolsUntil = now + Math.min(coolMaxMs, coolMs * 2 ** this.#refusals)
    this.#refusals += 1
  }
}

/** How long an ask is still going to stay. */
function leftMs({ length, stream, spokeAt, speaksAt }: Stay, stepMs: number, now: number): number {
  // One that is silent beyond its time stands in line in the server, and has all before it.
  const beganAt = spokeAt ?? (stream ? Math.max(now, speaksAt) : speaksAt)
  if (now <= beganAt) return beganAt - now + stepMs * meanOf(length)
  return stepMs * leftAfter(length, (now - beganAt) / stepMs)
}
