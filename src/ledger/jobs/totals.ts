import type { Claim, Entry } from '../../core/ledger.ts'
import type { Ids } from '../content.ts'
import { slotOf } from '../slots.ts'
import type { Value, Work } from '../work.ts'
import { insertRows } from './rows.ts'

export const totalKeys = ['slot', 'caller', 'key_id', 'team', 'model', 'upstream', 'dialect'] as const

export const totalCounts = [
  'requests',
  'failed',
  'spilled',
  'estimated',
  'input_tokens',
  'output_tokens',
  'cached_tokens',
  'gpu_ms',
  'nano',
  'saved_nano',
] as const

/** Rows that are added up in memory before they are added to what stands in a table. */
class Sums {
  readonly #into: string
  readonly #keys: readonly string[]
  readonly #counts: readonly string[]
  readonly #rows = new Map<string, { readonly key: readonly Value[]; readonly counts: number[] }>()

  constructor(into: string, keys: readonly string[], counts: readonly string[]) {
    this.#into = into
    this.#keys = keys
    this.#counts = counts
  }

  add(key: readonly Value[], counts: readonly number[]): void {
    const at = JSON.stringify(key)
    const row = this.#rows.get(at)
    if (row === undefined) this.#rows.set(at, { key, counts: [...counts] })
    else for (const [i, count] of counts.entries()) row.counts[i]! += count
  }

  *write(): Work<void> {
    const added = this.#counts.map((name) => `${name} = ${this.#into}.${name} + excluded.${name}`)
    yield* insertRows(
      this.#into,
      [...this.#keys, ...this.#counts],
      Array.from(this.#rows.values(), ({ key, counts }) => [...key, ...counts]),
      `ON CONFLICT (${this.#keys.join(', ')}) DO UPDATE SET ${added.join(', ')}`,
    )
  }
}

/** What came after its slot was closed for good counts in the first that is open. */
const openSlot = (at: number, retired: number): number => Math.max(slotOf(at), retired)

/** In the order of `totalKeys`. */
export const keysOf = (entry: Entry, { caller, key }: Ids, slot: number): readonly (string | number)[] => [
  slot,
  caller,
  key,
  entry.team ?? '',
  entry.model,
  entry.upstream,
  entry.dialect,
]

/** In the order of `totalCounts`. */
export const countsOf = (entry: Entry): readonly number[] => [
  1,
  entry.fault === undefined ? 0 : 1,
  entry.spilled ? 1 : 0,
  entry.estimated ? 1 : 0,
  entry.inputTokens,
  entry.outputTokens,
  entry.cachedTokens,
  Math.round(entry.gpuMs),
  entry.nano,
  entry.savedNano,
]

export class Totals {
  readonly #sums = new Sums('totals', totalKeys, totalCounts)
  readonly #retired: number

  constructor(retiredSlot: number) {
    this.#retired = retiredSlot
  }

  add(entry: Entry, ids: Ids): void {
    this.#sums.add(keysOf(entry, ids, openSlot(entry.at, this.#retired)), countsOf(entry))
  }

  write(): Work<void> {
    return this.#sums.write()
  }
}

export class Spent {
  readonly #sums = new Sums('spending', ['slot', 'caller', 'team', 'upstream'], ['nano'])
  readonly #retired: number

  constructor(retiredSlot: number) {
    this.#retired = retiredSlot
  }

  add({ at, team = '', upstream }: Claim, caller: string, nano: number): void {
    this.#sums.add([openSlot(at, this.#retired), caller, team, upstream], [nano])
  }

  write(): Work<void> {
    return this.#sums.write()
  }
}
