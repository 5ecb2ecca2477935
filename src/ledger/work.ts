/** What both databases store: numbers are whole and safe, and times are milliseconds since 1970. */
export type Value = string | number | null

export type Row = Readonly<Record<string, Value>>

/** One statement of SQL that both databases understand. Each `?` stands for the next value. */
export interface Statement {
  readonly text: string
  readonly values: readonly Value[]
}

/**
 * A piece of work on the database, written once for both: it yields statements and is handed their rows. SQLite runs it in one
 * go in a thread of its own, PostgreSQL step by step. Either way in one transaction, of which all is kept or nothing.
 */
export type Work<T> = Generator<Statement, T, readonly Row[]>

export const sql = (text: string, ...values: readonly Value[]): Statement => ({ text, values })
