import type { Emit } from '../core/event.ts'
import type { Pressure } from '../core/pressure.ts'

/** What can run out. */
export type Signal = 'memory' | 'heap' | 'loop' | 'files'

/** How much of each is used, as a part of what there is; undefined where nobody can tell. */
export type Shares = Readonly<Record<Signal, number | undefined>>

/** What is given up, in this order, so that what runs may end well; and from which share on. */
const steps = [
  { from: 0.85, does: 'batch work is refused and nothing leaves for the cloud that is served at home' },
  { from: 0.92, does: 'connections are closed behind each answer' },
  { from: 0.95, does: 'new requests are refused' },
  { from: 0.98, does: 'new connections are refused' },
] as const

/** What a request takes of memory, for each byte of its body: as it comes, as text, and as what was read of it. */
const bytesPerByte = 3

const refusedFrom = 0.95

/** A step ends so far below where it began, or it would come and go with every request. */
const slack = 0.03

const named: Readonly<Record<Signal, string>> = {
  memory: 'memory',
  heap: 'the heap of JavaScript',
  loop: 'the time of the event loop',
  files: 'open files',
}

/**
 * Looks at what the process uses and tells when it is time to give something up. `look` is called a few times a second.
 * It never gives up what is under way: ends come by themselves, and soon.
 */
export class PressureGauge implements Pressure {
  readonly #measure: () => Shares
  readonly #emit: Emit
  readonly #memoryMaxBytes: number
  #shares: Shares = { memory: undefined, heap: undefined, loop: undefined, files: undefined }
  #step = 0
  /** Let in since the last look. */
  #comingBytes = 0

  constructor(measure: () => Shares, emit: Emit, memoryMaxBytes: number = Infinity) {
    this.#measure = measure
    this.#emit = emit
    this.#memoryMaxBytes = memoryMaxBytes
  }

  get isSparing(): boolean {
    return this.#step >= 1
  }

  get isClosing(): boolean {
    return this.#step >= 2
  }

  get isRefusing(): boolean {
    return this.#step >= 3
  }

  get isShut(): boolean {
    return this.#step >= 4
  }

  takes(bytes: number): boolean {
    const coming = this.#comingBytes + bytesPerByte * bytes
    // There is always room for one: what has come since is not known, and one alone is no flood.
    const isRoom = this.#comingBytes === 0 || this.#share('memory') + coming / this.#memoryMaxBytes < refusedFrom
    if (isRoom) this.#comingBytes = coming
    return isRoom
  }

  /** As of the last look. */
  get shares(): Shares {
    return this.#shares
  }

  get step(): number {
    return this.#step
  }

  /** What is given up for it, in words. */
  get givenUp(): readonly string[] {
    return steps.slice(0, this.#step).map(({ does }) => does)
  }

  look(): void {
    this.#shares = this.#measure()
    this.#comingBytes = 0
    let worst: Signal = 'memory'
    for (const signal of signals) if (this.#share(signal) > this.#share(worst)) worst = signal
    const share = this.#share(worst)
    const before = this.#step
    while (this.#step < steps.length && share >= steps[this.#step]!.from) this.#step += 1
    while (this.#step > 0 && share < steps[this.#step - 1]!.from - slack) this.#step -= 1
    if (this.#step !== before) this.#tell(worst, this.#step > before)
  }

  #share(signal: Signal): number {
    return this.#shares[signal] ?? 0
  }

  #tell(worst: Signal, isWorse: boolean): void {
    const used = `${Math.round(this.#share(worst) * 100)} % of ${named[worst]}`
    const given = this.givenUp
    const text =
      given.length === 0
        ? `The pressure is over: ${used} in use.`
        : `${isWorse ? 'Under pressure' : 'The pressure eases'}, ${used} in use: ${given.join('; ')}.`
    this.#emit({ type: 'notice', level: isWorse ? 'warn' : 'info', text })
  }
}

export const signals: readonly Signal[] = ['memory', 'heap', 'loop', 'files']
