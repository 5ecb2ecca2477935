import { closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { standStill } from '../core/stand-still.ts'
import { isLocked } from './sqlite-faults.ts'
import type { Row, Statement, Work } from './work.ts'

/** One connection to a file of SQLite, in the thread that calls it. */
export class Connection {
  readonly db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(path: string, { readOnly = false, lockedMs = 500 } = {}) {
    // SQLite gives its other files the rights of this one.
    if (!readOnly) closeSync(openSync(path, 'a', 0o600))
    this.db = new DatabaseSync(path, { readOnly, timeout: lockedMs })
    try {
      if (!readOnly) this.#keepLog(lockedMs)
      this.db.exec(readOnly ? forReading : forWriting)
    } catch (error) {
      this.db.close()
      throw error
    }
  }

  /** Does a piece of work, in whatever transaction there is. */
  run<T>(work: Work<T>): T {
    let step = work.next([])
    while (step.done !== true) {
      let rows: readonly Row[]
      try {
        rows = this.rows(step.value)
      } catch (cause) {
        step = work.throw(cause)
        continue
      }
      step = work.next(rows)
    }
    return step.value
  }

  rows({ text, values }: Statement): readonly Row[] {
    let statement = this.#statements.get(text)
    if (statement === undefined) {
      statement = this.db.prepare(inSqlite(text))
      this.#statements.set(text, statement)
    }
    return statement.all(...values) as Row[]
  }

  /** All of it in one transaction, or nothing. */
  transaction<T>(act: () => T, { writes = true } = {}): T {
    this.db.exec(writes ? 'BEGIN IMMEDIATE' : 'BEGIN')
    try {
      const result = act()
      this.db.exec('COMMIT')
      return result
    } catch (error) {
      // Where the disk is full, SQLite may have rolled back by itself.
      if (this.db.isTransaction) this.db.exec('ROLLBACK')
      throw error
    }
  }

  close(): void {
    this.#statements.clear()
    this.db.close()
  }

  /** Of two who begin the same file at once SQLite refuses one on the spot, however long it was told to wait. */
  #keepLog(lockedMs: number): void {
    const until = performance.now() + lockedMs
    for (;;)
      try {
        this.db.exec('PRAGMA journal_mode = WAL')
        return
      } catch (error) {
        if (!isLocked(error) || performance.now() >= until) throw error
        standStill(againMs)
      }
  }
}

/** Whole numbers as keys are what SQLite sorts its rows by, if it is told in its own word. */
const inSqlite = (text: string): string => text.replaceAll('BIGINT PRIMARY KEY', 'INTEGER PRIMARY KEY')

const againMs = 2

const forReading = 'PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON'

/**
 * A commit is on the disk when it returns. What is deleted is overwritten. When pages go from the log into the file is our
 * decision, since somebody keeps account of them (seal.ts); for the same reason no page leaves memory before its commit.
 */
const forWriting = `
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = ON;
  PRAGMA secure_delete = ON;
  PRAGMA wal_autocheckpoint = 0;
  PRAGMA journal_size_limit = 0;
  PRAGMA cache_spill = OFF;
  PRAGMA trusted_schema = OFF;
  PRAGMA cell_size_check = ON;
`
