import type { Ask } from '../core/ask.ts'
import { longestOf } from '../core/length.ts'
import { Breaker } from './breaker.ts'
import type { Ending, Limit } from './limit.ts'
import { LoadTrouble } from './load-trouble.ts'
import { Pace, type Served } from './pace.ts'
import { Slowness } from './slowness.ts'
import { Promptness } from './promptness.ts'
import { Pulse } from './pulse.ts'
import { silenceMaxFor } from './silence.ts'
import { type Guest, leftMs, type Seen, type Stay } from './stay.ts'
import { Tenant } from './tenant.ts'
import type { PrefixMemory } from './prefix-memory.ts'

export type { Guest, Seen, Stay } from './stay.ts'

/** How one model on one server is. */
export type PlaceState = 'well' | 'opening' | 'resting' | 'trying' | 'stalled' | 'unloadable'

const coolMs = 500
const coolMaxMs = 8_000
/** Where nobody says what is in memory, a model that was not used for so long may have left it. */
const surelyThereMs = 60_000
/** From so few answers in one piece it cannot be said how long the longest take. */
const fewAnswers = 30
/** However short answers were so far, the next may be asked to fill pages. */
const pagesTokens = 1_024
/** What is predicted for one instant holds for the next few. */
const sameMs = 2

/** One model on one upstream: how many asks are there, how many fit, and how fast they go. */
export class Place {
  /** Another one when the configuration sets another. */
  limit: Limit
  /** The server said that it has not got the model: until then it is not asked for it, unless it is seen to have it. */
  absentUntil = 0
  readonly pace: Pace = new Pace()
  readonly #promptness = new Promptness()
  #servedAt = 0
  readonly tenant: Tenant = new Tenant(this)
  readonly slowness: Slowness = new Slowness()
  readonly breaker: Breaker = new Breaker()
  readonly pulse: Pulse = new Pulse()
  /** It has stopped in the middle of its answers, and has to be brought back before it is asked again. */
  isHung = false
  /** How often it did. */
  stalls = 0
  #loadTrouble: LoadTrouble | undefined
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
  #nextRoom: { readonly now: number; readonly ms: number } | undefined
  /** When all prompts that came here will have been read, one after the other. */
  #readUntil = -Infinity

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

  /** Why its model does not come into memory; undefined when it may. */
  get loadTrouble(): LoadTrouble | undefined {
    return this.#loadTrouble
  }

  /** When its model may be tried again after failures; undefined while it need not rest. */
  get restsUntil(): number | undefined {
    const until = Math.max(this.#loadTrouble?.restsUntil ?? 0, this.breaker.restsUntil ?? 0)
    return until === 0 ? undefined : until
  }

  /** Its model does not rest after failures. One at a time finds out whether it can be loaded after all. */
  allows(now: number): boolean {
    return this.breaker.allows(now) && this.#isLoadable(now)
  }

  /** The same for want of any other: failed answers may be followed by a better one, at no more than a moment's cost. */
  bears(now: number): boolean {
    return !this.breaker.isTrying && this.#isLoadable(now)
  }

  #isLoadable(now: number): boolean {
    const trouble = this.#loadTrouble
    return trouble === undefined || (now >= trouble.restsUntil && this.inFlight === 0)
  }

  state(now: number): PlaceState {
    if (this.#loadTrouble !== undefined) return 'unloadable'
    if (this.isHung) return 'stalled'
    const answers = this.breaker.state(now)
    if (answers !== 'closed') return answers === 'open' ? 'resting' : 'trying'
    return this.limit.opened < Infinity ? 'opening' : 'well'
  }

  loadFailed(reason: string, now: number): void {
    if (this.#loadTrouble === undefined) this.#loadTrouble = new LoadTrouble(reason, now)
    else this.#loadTrouble.again(reason, now)
  }

  loadWorked(): void {
    this.#loadTrouble = undefined
  }

  /** Its server is another one than it was: what went wrong before says nothing any more. */
  returned(): void {
    this.breaker.close()
    this.#loadTrouble = undefined
    this.#promptness.returned()
    this.#coolsUntil = 0
    this.#refusals = 0
  }

  /** How long nothing may come while all that is there is being worked at. */
  get silenceMaxMs(): number {
    return silenceMaxFor(this.#stays, this.pace)
  }

  /** All that is under way waits for callers who do not read. */
  get isHeldUp(): boolean {
    return [...this.#stays].every(({ holder }) => holder?.isHeldUp === true)
  }

  /** Nothing more comes of any of them. */
  stalled(): void {
    for (const { holder } of this.#stays) holder?.stalled()
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
      readBy: this.#readBy(newTokens, now),
      spokeAt: undefined,
      inFlight: this.inFlight + 1,
      isDoubtful: this.isDoubtful,
      toRead: this.limit.begun(newTokens, now),
      staysBefore: this.#stayedMs,
      aloneUntil: alone ? Infinity : now,
      cold,
      stream,
      isTrial,
      isModelTrial: this.breaker.begun(),
      holder: undefined,
    }
    if (alone) this.#alone = stay
    this.#stays.add(stay)
    this.slowness.begun(stay)
    return stay
  }

  /** One more prompt is to be read there. */
  #readBy(newTokens: number, now: number): number {
    const at = Math.max(this.#readUntil, now) + this.pace.idleReadingMs(newTokens)
    // What each costs beside its tokens, others do not wait for.
    this.#readUntil = at - this.pace.idleReadingMs(0)
    return at
  }

  /** The first token of one has come. True when that shows that more fit. */
  spoke(stay: Stay, now: number): boolean {
    if (!stay.stream || stay.spokeAt !== undefined) return false
    stay.spokeAt = now
    this.slowness.spoke(stay, now)
    const { newTokens: promptTokens, inFlight, cold, toRead, startedAt } = stay
    return this.limit.spoke({ promptTokens, inFlight, cold, toRead, startedAt }, now)
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
    // What a set has grown out of may keep the stay for long, and this would keep all that was asked.
    stay.holder = undefined
    if (this.#alone === stay) this.#alone = undefined
    if (stay.visit !== undefined) this.#prefixes!.leave(stay.visit, seen.cachedTokens)
    this.breaker.ended(ending === 'broke' ? 'ignored' : ending, now, stay.isModelTrial)
    if (ending === 'overloaded') this.#cool(now)
    if (seen.restMs !== undefined) this.#coolsUntil = Math.max(this.#coolsUntil, now + seen.restMs)
    const served = this.#served(stay, seen, now)
    this.limit.learn(ending, {
      ...served,
      inFlight: stay.inFlight,
      toRead: stay.toRead,
      startedAt: stay.startedAt,
      now,
    })
    if (ending === 'ignored' && stay.stream) this.pace.learnCut(served, now)
    if (stay.stream && !stay.cold) this.#promptness.ended(stay, served, ending)
    this.slowness.ended(stay, ending, served, this.pace)
    if (ending !== 'served') return
    this.pulse.beat(now)
    this.#refusals = 0
    this.#servedAt = now
    this.#loadTrouble = undefined
    // Where the server does not tell, one answer is no reason to prefer it to others that do not tell either.
    if (this.loaded === false) this.loaded = true
    this.pace.learn(served, now)
  }

  /** From its beginning, so long at most does one of a hundred take for its first token; undefined where nobody can say. */
  latestMs(stay: Stay, now: number): number | undefined {
    return this.#mayBeCold(stay, now) ? undefined : this.#promptness.latestMs(stay.speaksAt - stay.startedAt)
  }

  /** From its beginning to its end, so long hardly any takes; undefined for vectors, and where nobody can say. */
  longestMs(stay: Stay, now: number): number | undefined {
    const { length, speaksAt, startedAt } = stay
    if (length.most === 0 || this.pace.answers < fewAnswers || this.#mayBeCold(stay, now)) return undefined
    const expectedMs = speaksAt - startedAt
    const tokens = Math.max(longestOf(length), Math.min(length.most, pagesTokens))
    return (this.#promptness.lateMs(expectedMs) ?? expectedMs) + tokens * this.pace.stepMs(this.limit.value)
  }

  #mayBeCold({ cold }: Stay, now: number): boolean {
    return cold || (this.loaded === undefined && now - this.#servedAt > surelyThereMs)
  }

  /** So long hardly any is silent, of those in one piece till their end; undefined where nobody can say. */
  lateMs(stay: Stay, inOnePiece: boolean): number | undefined {
    const lateMs = stay.cold ? undefined : this.#promptness.lateMs(stay.speaksAt - stay.startedAt)
    if (lateMs === undefined || !inOnePiece) return lateMs
    return lateMs + longestOf(stay.length) * this.pace.stepMs(this.limit.value)
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

  /** Time that an ask takes from the whole of it while it is full: as many go side by side as there are places. */
  shareMs(promptTokens: number, outputTokens: number): number {
    const places = this.limit.sure
    return Math.max(0.1, this.pace.expectedHoldMs(promptTokens, outputTokens, places) / places)
  }

  /** The same for an ask of middling size, by which places are compared. */
  get middlingShareMs(): number {
    const places = this.limit.sure
    const { answers } = this.pace
    let known = this.#middling
    if (known === undefined || known.places !== places || known.answers !== answers)
      this.#middling = known = { places, answers, ms: this.shareMs(500, 150) }
    return known.ms
  }

  /** From its first token to its last, for an ask of this size that begins beside those who are here, or when it is full. */
  speechMs(outputTokens: number, whenFull: boolean): number {
    const { sure } = this.limit
    return outputTokens * this.pace.stepMs(whenFull ? sure : Math.min(sure, this.inFlight + 1))
  }

  /** Expected time until there is room here. */
  nextRoomMs(now: number): number {
    const coolingMs = Math.max(0, this.#coolsUntil - now)
    return this.inFlight < this.limit.sure ? coolingMs : Math.max(coolingMs, this.#roomMs(now))
  }

  /** Until so many have ended that there surely is room. */
  #roomMs(now: number): number {
    const known = this.#nextRoom
    if (known !== undefined && now - known.now < sameMs) return known.ms
    const places = this.limit.sure
    const stepMs = this.pace.stepMs(Math.min(places, this.inFlight))
    const speaking: Stay[] = []
    let [lined, linedMs] = [0, 0]
    for (const stay of this.#stays) {
      // Beyond the places that are surely there, who is silent stands in line in the server, as far as anybody knows.
      if (speaking.length < places || stay.spokeAt !== undefined) speaking.push(stay)
      else {
        lined += 1
        linedMs += leftMs(stay, stepMs, now)
      }
    }
    const ends = this.inFlight - places + 1 - lined
    const ms = ends * nextEndMs(speaking, stepMs, now) + linedMs / places
    this.#nextRoom = { now, ms }
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
      mayHaveLined: stay.isDoubtful,
    }
  }

  /** Keeps the sum of all stays, from which each learns how many were here beside it. To be called before any comes or goes. */
  #add(now: number): void {
    this.#stayedMs += this.#stays.size * (now - this.#addedAt)
    this.#addedAt = now
    this.#nextRoom = undefined
  }

  /** At once again would be refused again. It is left alone for a moment, longer each time. */
  #cool(now: number): void {
    if (now < this.#coolsUntil) return
    this.#coolsUntil = now + Math.min(coolMaxMs, coolMs * 2 ** this.#refusals)
    this.#refusals += 1
  }
}

/** The first of several to end comes sooner than the soonest expected, the more so the less is known of each. */
function nextEndMs(stays: readonly Stay[], stepMs: number, now: number): number {
  let sigma = 0
  for (const stay of stays) sigma += stay.length.sigma
  const sharpness = Math.min(20, Math.max(1, stays.length / sigma))
  let sum = 0
  for (const stay of stays) sum += Math.max(1, leftMs(stay, stepMs, now)) ** -sharpness
  return sum === 0 ? 0 : sum ** (-1 / sharpness)
}
