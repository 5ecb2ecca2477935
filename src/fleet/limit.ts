import type { Gauge } from '../core/backend.ts'
import { Batching } from './batching.ts'
import type { Begun, Crowding, Ending } from './crowding.ts'
import { Lineup } from './lineup.ts'

export type { Crowding, Ending } from './crowding.ts'

/** A server's own word on how busy it was, and how many of those were ours. */
export interface Told extends Gauge {
  readonly ours: number
  readonly now: number
}

/** How many of those at a server at one moment stood in line there. */
interface Sight {
  readonly inFlight: number
  readonly lined: number
  /** All the places there were had been taken. */
  readonly isFull: boolean
  /** How much of the average it is. */
  readonly freshness: number
  readonly now: number
}

const floor = 1
const ceiling = 256

/** A server that names more slots than this says what it allows, and not what it can do well. */
const slotsMeant = 32

/** How much of the average each new sight is, by what it was seen from. */
const freshnesses = { told: 0.5, first: 0.12, whole: 0.06 }

/** One late answer may have many reasons: so many sights are needed for a change. */
const sightsMin = 3

/** How long after a cut one more place is tried, and the most that this becomes when it fails again and again. */
const probeAfterMs = 5_000
const probeAfterMaxMs = 120_000

/** Memory for contexts that is fuller than this has no room for more of them. */
const memoryFull = 0.9

/** For each place beyond the fourth, so much more of a line is none. A gauge counts it, answers only tell of it. */
const blur = { told: 0.05, guessed: 0.15 }

/**
 * Learns how many asks a server can hold at once. It grows while all places are taken and still nobody stands in line
 * inside the server, and is cut to those that were being served when some do: the others had better wait here, where they
 * can still be sent elsewhere. A server that tells how many run and wait is believed; of the others, their answers tell.
 */
export class Limit {
  readonly pinned: boolean
  /** No more than these, however many fit: it has just come back, and is not given everything at once. */
  opened = Infinity
  /** All that fit, ours and those of others. */
  #places: number
  #most = ceiling
  #slots: number | undefined
  #foreign = 0
  /** The server tells by itself how busy it is. */
  #gauged = false
  readonly #lineup = new Lineup()
  readonly #batching = new Batching()
  /** Nobody has ever stood in line: where the end is, nothing has told. */
  #endless = true
  /** Averages since the last change, the latest counting most; `#seen` is how much that is in all. */
  #lined = 0
  #atOnce = 0
  #seen = 0
  #sights = 0
  /** How many were served while others stood in line, and how much that average is. */
  #served = 0
  #crowds = 0
  /** Who began before that says nothing about the places there are now. */
  #heardFrom = -Infinity
  /** Who began before that was refused together with others. */
  #refusedAt = -Infinity
  /** While more places are tried than are known to be there: how many that is. */
  #probedFrom: number | undefined
  #probeAt = -Infinity
  #probeAfterMs = probeAfterMs
  #step = 1

  /** A fixed number is kept as it is; 'auto' learns, beginning with `initial`. */
  constructor(concurrency: number | 'auto', initial: number) {
    this.pinned = concurrency !== 'auto'
    this.#places = Math.max(floor, concurrency === 'auto' ? Math.min(ceiling, initial) : concurrency)
  }

  /** Asks that it is believed to hold at once, whoever sent them. */
  get capacity(): number {
    return Math.floor(this.#places)
  }

  /** Asks of ours that it may have at once. However many others are there, one of ours may stand in line with them. */
  get value(): number {
    return Math.min(this.opened, this.#ours)
  }

  get #ours(): number {
    return this.pinned ? this.capacity : Math.max(floor, this.capacity - this.#foreign)
  }

  /** Of those, the ones that are known to be there: one more may be tried, to find out. */
  get sure(): number {
    return this.#probedFrom === undefined
      ? this.value
      : Math.max(floor, Math.min(this.value, this.#probedFrom - this.#foreign))
  }

  /** What others have given the server to do, as far as it tells. */
  get foreign(): number {
    return this.#foreign
  }

  /** The server says how many it serves at once: that is where to begin, and more are never sent. */
  fit(slots: number): void {
    if (this.pinned || slots === this.#slots) return
    this.#slots = slots
    this.#most = Math.min(ceiling, Math.max(floor, slots))
    this.#places = Math.min(this.#most, slotsMeant)
  }

  /** The server says how busy it is, or no longer does. */
  told(told: Told | undefined): void {
    this.#gauged = told !== undefined
    this.#foreign = 0
    if (told === undefined) return
    const { running, waiting, memory = 0, ours, now } = told
    const inFlight = running + waiting
    this.#foreign = Math.max(0, inFlight - ours)
    if (this.pinned) return
    // They fit: that is seen, whoever they are.
    if (waiting === 0) this.#places = Math.min(this.#most, Math.max(this.#places, running))
    const isFull = ours >= this.#ours && memory < memoryFull
    this.#see({ inFlight, lined: waiting, isFull, freshness: freshnesses.told, now })
  }

  /** An ask is sent. What comes back belongs to what is learned of it at its end. */
  begun(promptTokens: number, now: number): number {
    return this.pinned ? 1 : this.#lineup.begun(promptTokens, now)
  }

  /** The first token of an ask has come. True when that shows that more fit than was known. */
  spoke(begun: Begun, now: number): boolean {
    if (this.pinned || begun.cold) return false
    const [value, sure] = [this.value, this.sure]
    this.#stoodInLine(this.#lineup.spoke(begun, now), begun, freshnesses.first, now)
    return this.value > value || this.sure > sure
  }

  learn(ending: Ending, crowding: Crowding): void {
    if (this.pinned) return
    const lined = this.#lineup.left(ending, crowding)
    if (ending === 'overloaded') this.#refused(crowding)
    if (ending !== 'served') return
    const { outputTokens: tokens, firstTokenMs, totalMs, batch, now } = crowding
    if (firstTokenMs !== undefined) {
      this.#batching.learn({ atOnce: batch + this.#foreign, tokens, tookMs: totalMs - firstTokenMs })
    }
    this.#stoodInLine(lined, crowding, freshnesses.whole, now)
  }

  #stoodInLine(lined: number | undefined, { inFlight, startedAt }: Begun, freshness: number, now: number): void {
    if (this.#gauged || lined === undefined || startedAt < this.#heardFrom) return
    // Who found no more there than surely fit says nothing of whether one more does, and would only hide those who do.
    if (!this.#endless && this.#ours > 1 && inFlight <= (this.#probedFrom === undefined ? floor : this.sure)) return
    const isFull = inFlight >= 0.9 * this.#ours
    this.#see({ inFlight, lined: Math.min(lined, inFlight - 1), isFull, freshness, now })
  }

  #see({ inFlight, lined, isFull, freshness, now }: Sight): void {
    this.#seen = this.#seen * (1 - freshness) + 1
    this.#lined = this.#lined * (1 - freshness) + lined
    this.#atOnce = this.#atOnce * (1 - freshness) + inFlight
    this.#sights += 1
    if (lined > 0) {
      this.#crowds = this.#crowds * (1 - freshness) + 1
      this.#served = this.#served * (1 - freshness) + inFlight - lined
    }
    const average = this.#lined / this.#seen
    const atOnce = this.#atOnce / this.#seen
    const most = 0.45 + (this.#gauged ? blur.told : blur.guessed) * Math.max(0, atOnce - 4)
    // A gauge sees all of a crowd at once, an answer only its own place in it.
    const isCertain = this.#sights >= (this.#gauged ? sightsMin : Math.max(sightsMin, atOnce / 3))
    if (average > most && lined > 0 && isCertain) {
      // Who came while there was little to do says nothing of how many fit.
      const served = Math.max(atOnce - average, this.#served / this.#crowds)
      this.#cutTo(this.#probedFrom ?? Math.round(served), now)
    } else if (average < most / 2 && isFull) this.#grow(now)
  }

  /** All who shared one crowd are refused. It is one crowd, so it costs one cut. */
  #refused({ startedAt, inFlight, now }: Crowding): void {
    if (startedAt < this.#refusedAt) return
    this.#refusedAt = now
    // Places that stood empty were not what was too much.
    this.#cutTo(Math.min(this.#places, inFlight + this.#foreign) * 0.7, now)
  }

  #cutTo(places: number, now: number): void {
    if (places >= this.#places) return
    this.#places = Math.max(floor, places)
    this.#endless = false
    this.#probeAfterMs =
      this.#probedFrom !== undefined ? Math.min(probeAfterMaxMs, this.#probeAfterMs * 2) : probeAfterMs
    this.#probeAt = now + this.#probeAfterMs
    this.#probedFrom = undefined
    this.#step = 1
    this.#forget(-Infinity)
  }

  #grow(now: number): void {
    if (this.#places >= this.#most || !this.#batching.paysBeyond(this.#places)) return
    if (this.#endless) {
      this.#places = Math.min(this.#most, this.#places + (this.#gauged ? Math.max(1, this.#places / 2) : 0.5))
      return
    }
    if (this.#sights < (this.#gauged ? sightsMin : Math.max(sightsMin, this.#places))) return
    if (this.#probedFrom !== undefined) {
      // There was room after all: at once for more, and with a larger step.
      this.#probedFrom = undefined
      this.#probeAfterMs = probeAfterMs
      this.#probeAt = now
      this.#step *= 2
    }
    if (now < this.#probeAt) return
    this.#probedFrom = Math.floor(this.#places)
    this.#places = Math.min(this.#most, this.#probedFrom + this.#step)
    this.#forget(now)
  }

  #forget(heardFrom: number): void {
    this.#heardFrom = heardFrom
    this.#lined = 0
    this.#atOnce = 0
    this.#seen = 0
    this.#sights = 0
    this.#served = 0
    this.#crowds = 0
  }
}
