import type { EngineSpec, LoadSetting } from './engine-spec.ts'
import type { Ledger } from './ledger.ts'
import { Prefixes } from './prefixes.ts'

/** A model in memory. */
export interface Resident {
  readonly name: string
  /** Undefined where it was there from the start, or a server has but one way to load. */
  readonly setting: LoadSetting | undefined
  readonly prefixes: Prefixes
  running: number
  usedAt: number
  keepMs: number
  /** It is to go when nobody uses it any more, for somebody waits for another. */
  leaves: boolean
  /** Somebody who came after that said how long it is to stay: nobody waits for its end any more, but for its time to run out. */
  holds: boolean
}

type Limits = Pick<EngineSpec, 'loadedMax' | 'keepMs' | 'evicts' | 'cacheBlocks' | 'keepTraps'>

/** The models in memory, and which of them has to go. */
export class Residents {
  readonly #limits: Limits
  readonly #now: () => number
  readonly #ledger: Ledger
  readonly #all = new Map<string, Resident>()

  constructor(limits: Limits, now: () => number, ledger: Ledger) {
    this.#limits = limits
    this.#now = now
    this.#ledger = ledger
  }

  get all(): readonly Resident[] {
    for (const name of this.#all.keys()) this.find(name)
    return [...this.#all.values()]
  }

  /** What nobody has used for long enough is not there any more: it is put away when somebody looks. */
  find(name: string): Resident | undefined {
    const resident = this.#all.get(name)
    if (resident === undefined || resident.running > 0 || this.expiresAt(resident) > this.#now()) return resident
    this.#all.delete(name)
    return undefined
  }

  expiresAt({ usedAt, keepMs }: Resident): number {
    return usedAt + keepMs
  }

  add(name: string, setting: LoadSetting | undefined): Resident {
    const { keepMs, cacheBlocks } = this.#limits
    const prefixes = new Prefixes(cacheBlocks)
    const resident = { name, setting, prefixes, running: 0, usedAt: this.#now(), keepMs, leaves: false, holds: false }
    this.#all.set(name, resident)
    return resident
  }

  keep(resident: Resident, keepMs: number): void {
    resident.keepMs = keepMs
    resident.holds ||= this.#limits.keepTraps && resident.leaves
  }

  remove(name: string): void {
    this.#all.delete(name)
  }

  clear(): void {
    this.#all.clear()
  }

  /** Room for one more: at once, at the cost of the one given, or not yet. */
  roomFor(name: string): true | Resident | undefined {
    if (this.#all.size < this.#limits.loadedMax) return true
    let victim: Resident | undefined
    for (const resident of this.all) {
      if (resident.name === name || resident.holds) continue
      if (resident.running > 0 && this.#limits.evicts === 'idle') {
        resident.leaves = true
        continue
      }
      if (victim === undefined || resident.usedAt < victim.usedAt) victim = resident
    }
    if (this.#all.size < this.#limits.loadedMax) return true
    if (victim !== undefined) this.#ledger.evictions += 1
    return victim
  }
}
