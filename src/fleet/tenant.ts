import { Demand } from './demand.ts'

/** What is known of a model that has to do with how long it is busy. */
export interface Lodger {
  readonly inFlight: number
  readonly pace: { readonly loadMs: number; readonly holdMs: number }
  /** Of what it has read, nothing is left. */
  forgetPrompts(): void
}

/** How many times the time that it took to come in a model stays, so that a server does not spend its life loading. */
const dwellLoads = 2

/** Asked for more often than once in so many loads, it would hardly be out before it was wanted back. */
const wantedShare = 0.25

/** Who comes within this time finds out that the model has gone. */
const soonMs = 60_000

/** One model of a server, and its claim to the server's memory. */
export class Tenant {
  readonly #lodger: Lodger
  /** What its server calls it. */
  model = ''
  /** Asks that could have been served here, and those of them that were served late or elsewhere because they were not. */
  readonly asked: Demand = new Demand()
  readonly missed: Demand = new Demand()
  /** In memory since then, while it is there. */
  since = 0
  /** It is to stay: the configuration says so. */
  isPinned = false
  /** It is to go as soon as nobody uses it, and takes nobody more until then. */
  isLeaving = false
  /** How many wait for it, here or elsewhere. */
  waiting = 0
  /** Servers that had it in memory when it was last asked for. */
  copies = 1
  /** Told when it comes or goes. */
  onMove: (tenant: Tenant, was: boolean | undefined) => void = () => {}
  #loaded: boolean | undefined

  constructor(lodger: Lodger) {
    this.#lodger = lodger
  }

  /** Whether it is in memory, as far as is known; undefined where the server does not tell. */
  get loaded(): boolean | undefined {
    return this.#loaded
  }

  set loaded(loaded: boolean | undefined) {
    const was = this.#loaded
    if (loaded === was) return
    this.#loaded = loaded
    if (loaded === false) this.#lodger.forgetPrompts()
    this.onMove(this, was)
  }

  get isBusy(): boolean {
    return this.#lodger.inFlight > 0
  }

  get loadMs(): number {
    return this.#lodger.pace.loadMs
  }

  get dwellMs(): number {
    return dwellLoads * this.loadMs
  }

  /** Until all that runs on it has ended, if nothing more comes. */
  get drainMs(): number {
    return this.isBusy ? Math.max(1, this.#lodger.pace.holdMs) : 0
  }

  /** Somebody waits for it, or would be likely to while another model is brought in for a moment. */
  isWanted(now: number): boolean {
    return this.waiting > 0 || this.demandPerMs(now) * this.loadMs >= wantedShare
  }

  /** Whoever it is thrown out for, somebody will miss it before the load is over. */
  isPopular(now: number): boolean {
    return this.demandPerMs(now) * this.loadMs >= 1
  }

  /** What falls to this copy of it. */
  demandPerMs(now: number): number {
    return this.asked.perMs(now) / Math.max(1, this.copies)
  }

  /**
   * What it costs to do without it while another comes in: the load that the next to ask waits for, if there is one soon,
   * and the waits of all who will ask before it is back.
   */
  priceMs(otherLoadMs: number, now: number): number {
    const perMs = this.demandPerMs(now)
    const awayMs = this.loadMs + otherLoadMs
    return this.loadMs * Math.min(1, perMs * soonMs) + (perMs * awayMs * awayMs) / 2
  }
}
