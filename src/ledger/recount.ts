import { entryIn } from './content.ts'
import { digestOf, type Note } from './jobs/keep.ts'
import { numberIn } from './jobs/rows.ts'
import { countsOf, keysOf, openSlot, totalCounts, totalKeys } from './jobs/totals.ts'
import { sql, type Row, type Work } from './work.ts'

/** Adds up all rows once more, to compare it with the sums in the database. */
export class Recount {
  readonly #sums: Map<string, number[]>
  readonly #forgotten: Set<string>
  #retiredSlot = 0
  #retiredTotals: string | undefined

  constructor() {
    this.#sums = new Map()
    this.#forgotten = new Set()
  }

  row(content: string): void {
    const { entry, ids } = entryIn(content, (id) => id)
    const key = JSON.stringify(keysOf(entry, ids, openSlot(entry.at, this.#retiredSlot)))
    const counts = countsOf(entry)
    const sums = this.#sums.get(key)
    if (sums === undefined) this.#sums.set(key, [...counts])
    else for (let i = 0; i < counts.length; i += 1) sums[i]! += counts[i]!
  }

  note(content: string): void {
    const { retiredSlot, totals, ids = [] } = JSON.parse(content) as Note
    this.#retiredSlot = retiredSlot ?? this.#retiredSlot
    this.#retiredTotals = totals ?? this.#retiredTotals
    for (const id of ids) this.#forgotten.add(id)
  }

  *compare(): Work<readonly { readonly where: string; readonly what: string }[]> {
    const rows = yield sql(
      `SELECT ${[...totalKeys, ...totalCounts].join(', ')} FROM totals WHERE slot >= ?`,
      this.#retiredSlot,
    )
    const problems = rows
      .filter((row) => !this.#has(row))
      .map((row) => ({ where: `the sums of slot ${numberIn(row, 'slot')}`, what: 'are not those of their rows' }))
    if (this.#retiredTotals !== undefined && (yield* digestOf(this.#retiredSlot)) !== this.#retiredTotals)
      problems.push({ where: 'the sums of rows that were let go', what: 'are not what was written' })
    for (const { id } of yield sql('SELECT id FROM names WHERE name IS NULL')) {
      if (!this.#forgotten.has(String(id)))
        problems.push({ where: `name ${String(id)}`, what: 'is gone, and no note says why' })
    }
    if (problems.length === 0 && rows.length < this.#open())
      problems.push({ where: 'the sums', what: 'are not complete' })
    return problems
  }

  /** Sums of rows whose slot has not been closed for good. */
  #open(): number {
    let count = 0
    for (const key of this.#sums.keys()) if ((JSON.parse(key) as number[])[0]! >= this.#retiredSlot) count += 1
    return count
  }

  #has(row: Row): boolean {
    const sums = this.#sums.get(
      JSON.stringify(totalKeys.map((key) => (key === 'slot' ? numberIn(row, key) : row[key]))),
    )
    return sums !== undefined && totalCounts.every((count, i) => numberIn(row, count) === sums[i])
  }
}
