import { entryIn } from './content.ts'
import { numberIn } from './jobs/rows.ts'
import { countsOf, keysOf, openSlot, totalCounts, totalKeys } from './jobs/totals.ts'
import { sql, type Row, type Work } from './work.ts'

/** Adds up all rows once more, to compare it with the sums in the database. */
export class Recount {
  readonly #sums: Map<string, number[]>
  #retiredSlot = 0

  constructor() {
    this.#sums = new Map()
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
    const { retiredSlot } = JSON.parse(content) as { retiredSlot?: number }
    this.#retiredSlot = retiredSlot ?? this.#retiredSlot
  }

  *compare(): Work<readonly { readonly where: string; readonly what: string }[]> {
    const rows = yield sql(
      `SELECT ${[...totalKeys, ...totalCounts].join(', ')} FROM totals WHERE slot >= ?`,
      this.#retiredSlot,
    )
    const problems = rows
      .filter((row) => !this.#has(row))
      .map((row) => ({ where: `the sums of slot ${numberIn(row, 'slot')}`, what: 'are not those of their rows' }))
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
