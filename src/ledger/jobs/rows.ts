import { sql, type Row, type Statement, type Value, type Work } from '../work.ts'

/** So many rows go into one statement, so that there are few different statements to prepare. */
const sizes = [64, 16, 4, 1] as const

/** Puts rows in, many at once. `then` is what stands behind the values: what to do where there is such a row. */
export function* insertRows(
  into: string,
  columns: readonly string[],
  rows: readonly (readonly Value[])[],
  then = '',
): Work<void> {
  const one = `(${columns.map(() => '?').join(', ')})`
  let done = 0
  for (const size of sizes) {
    while (rows.length - done >= size) {
      const values = Array<string>(size).fill(one).join(', ')
      const text = `INSERT INTO ${into} (${columns.join(', ')}) VALUES ${values} ${then}`
      yield { text, values: rows.slice(done, done + size).flat() } satisfies Statement
      done += size
    }
  }
}

/** Of these keys, the rows that there are. */
export function* rowsOf(columns: string, from: string, key: string, wanted: readonly string[]): Work<readonly Row[]> {
  return yield* inPieces(wanted, (places) => `SELECT ${columns} FROM ${from} WHERE ${key} IN (${places})`)
}

/** Takes the rows of these keys out, and tells which there were. */
export function* takeRows(columns: string, from: string, key: string, wanted: readonly string[]): Work<readonly Row[]> {
  return yield* inPieces(wanted, (places) => `DELETE FROM ${from} WHERE ${key} IN (${places}) RETURNING ${columns}`)
}

function* inPieces(wanted: readonly string[], textFor: (places: string) => string): Work<readonly Row[]> {
  const found: Row[] = []
  let done = 0
  for (const size of sizes) {
    while (wanted.length - done >= size) {
      const text = textFor(Array<string>(size).fill('?').join(', '))
      found.push(...(yield sql(text, ...wanted.slice(done, done + size))))
      done += size
    }
  }
  return found
}

/** A number in a row. PostgreSQL hands sums on as text. */
export const numberIn = (row: Row | undefined, column: string): number => Number(row?.[column] ?? 0)
