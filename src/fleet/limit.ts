/**
 * How an ask ended, as far as its server is concerned. Only 'overloaded' says that there were too many; a crash says
 * nothing about how many fit, and a caller who hung up says nothing at all.
 */
export type Ending = 'served' | 'overloaded' | 'broke' | 'ignored'

/** What one ask that has ended says about how full its server was. */
export interface Crowding {
  /**
   * How many were standing in line inside the server, beyond those being served: its delay tells, by Little's law.
   * Undefined when there is nothing to compare with.
   */
  readonly lined: number | undefined
  /** Asks that held a place when it began, itself included. */
  readonly inFlight: number
  readonly startedAt: number
  readonly now: number
}

const floor = 1
const ceiling = 256
/** How much of the average each new answer is. */
const freshness = 0.25

/** One late answer may have many reasons: so many are heard before a cut. */
const answersMin = 3

/** So many in line are too many: more for a large server, where they are gone in a moment. */
const tooMany = (places: number): number => 0.35 + 0.25 * places

/**
 * Learns how many asks a server can hold at once. It grows while the server is nearly full and still nobody stands in
 * line inside it, and is cut when some do: they had better wait here, where they can still be sent elsewhere.
 */
export class Limit {
  readonly pinned: boolean
  #places: number
  #cutAt = -Infinity
  /** Where it stood when it was last cut; before that, nothing has told where the end is. */
  #cutFrom: number | undefined
  /** Sum of what was seen since the last cut, the latest counting most, and the sum of how much each counts. */
  #lined = 0
  #seen = 0
  #answers = 0

  /** A fixed number is kept as it is; 'auto' learns, beginning with `initial`. */
  constructor(concurrency: number | 'auto', initial: number) {
    this.pinned = concurrency !== 'auto'
    this.#places = Math.max(floor, concurrency === 'auto' ? Math.min(ceiling, initial) : concurrency)
  }

  get value(): number {
    return Math.floor(this.#places)
  }

  learn(ending: Ending, crowding: Crowding): void {
    if (this.pinned || ending === 'broke' || ending === 'ignored') return
    // All who shared one crowd report it. It is one crowd, so it costs one cut: who began before that says nothing new.
    if (crowding.startedAt < this.#cutAt) return
    const { lined, inFlight, now } = crowding
    // Places that stood empty were not what was too much.
    if (ending === 'overloaded') return this.#cutTo(Math.min(this.#places, inFlight) * 0.7, now)
    if (lined === undefined) return
    this.#lined = this.#lined * (1 - freshness) + Math.min(inFlight, lined)
    this.#seen = this.#seen * (1 - freshness) + 1
    this.#answers += 1
    const average = this.#lined / this.#seen
    const most = tooMany(this.#places)
    if (average < most / 2) this.#grow(inFlight)
    else if (average > most && this.#answers >= answersMin)
      this.#cutTo(Math.max(this.#places * 0.4, this.#places - average + most / 2), now)
  }

  #cutTo(places: number, now: number): void {
    this.#cutAt = now
    this.#cutFrom = this.#places
    this.#lined = 0
    this.#seen = 0
    this.#answers = 0
    this.#places = Math.max(floor, places)
  }

  #grow(inFlight: number): void {
    // A server that is not nearly full teaches nothing about how full it could be.
    if (inFlight < this.value * 0.75) return
    this.#places = Math.min(ceiling, this.#places + this.#step())
  }

  /** Large while the end is unknown, small around where it was last found. */
  #step(): number {
    if (this.#cutFrom === undefined) return 0.5
    return Math.abs(this.#places - this.#cutFrom) <= 1 ? 0.1 : 1 / this.#places
  }
}
