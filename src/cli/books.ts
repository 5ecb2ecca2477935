import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { BooksFault, type Books } from '../ledger/books.ts'
import { PostgresBooks } from '../ledger/postgres-books.ts'
import { SqliteBooks } from '../ledger/sqlite.ts'
import { dataDirOf } from './data-dir.ts'

/** As much of a configuration as says where they are; nothing at all where there is no configuration. */
export interface BooksConfig {
  readonly data_dir?: string | undefined
  readonly ledger?: Pick<Config['ledger'], 'url'> | undefined
}

const ledgerFile = 'ledger.db'

/** The books that a configuration names: for commands, whether a gateway runs beside them or not. */
export function booksOf({ data_dir: configured, ledger }: BooksConfig): Books {
  if (ledger?.url !== undefined) return new PostgresBooks(ledger.url)
  const folder = dataDirOf(configured)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return new SqliteBooks(join(folder, ledgerFile))
}

/** Opens them for as long as it takes. What is wrong with them is told in a sentence, and ends the process with 1. */
export async function withBooks<T>(config: BooksConfig, act: (books: Books) => Promise<T>): Promise<T> {
  const books = booksOf(config)
  try {
    return await act(books)
  } catch (error) {
    if (!(error instanceof BooksFault)) throw error
    console.error(error.message)
    process.exit(1)
  } finally {
    await books.close()
  }
}

/** Whether a key was ever made: then nobody can ask without one. To look makes nothing. */
export async function hasKeys(config: BooksConfig): Promise<boolean> {
  const isHere = config.ledger?.url === undefined
  if (isHere && !existsSync(join(dataDirOf(config.data_dir), ledgerFile))) return false
  return withBooks(config, async (books) => (await books.run('keysSince', 0)).pepper !== '')
}
