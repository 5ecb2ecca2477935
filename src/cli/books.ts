import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { BooksFault, type Books } from '../ledger/books.ts'
import { PostgresBooks } from '../ledger/postgres-books.ts'
import { SqliteBooks } from '../ledger/sqlite.ts'
import { dataDirOf } from './data-dir.ts'

/** Of a configuration, what says where the books are. */
export interface BooksConfig {
  readonly data_dir?: string | undefined
  readonly ledger?: Pick<Config['ledger'], 'url'> | undefined
}

const ledgerFile = 'ledger.db'

/** The books that a configuration means, whether a gateway has them open or not. */
function booksOf({ data_dir: dataDir, ledger }: BooksConfig): { books: Books; dataDir: string } {
  const folder = dataDirOf(dataDir)
  if (ledger?.url !== undefined) return { books: new PostgresBooks(ledger.url), dataDir: folder }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return { books: new SqliteBooks(join(folder, ledgerFile)), dataDir: folder }
}

/** Whether there are books at all: to look for something in them need not make them. */
export const haveBooks = ({ data_dir: dataDir, ledger }: BooksConfig): boolean =>
  ledger?.url !== undefined || existsSync(join(dataDirOf(dataDir), ledgerFile))

/** Whether a key was ever made: then nobody can ask without one. */
export async function hasKeys(config: BooksConfig): Promise<boolean> {
  if (!haveBooks(config)) return false
  const { books } = booksOf(config)
  try {
    return (await books.run('keysSince', 0)).pepper !== ''
  } finally {
    await books.close()
  }
}

/** Opens them for as long as it takes. What is wrong with them is told in a sentence, and ends the process with 1. */
export async function withBooks<T>(config: BooksConfig, act: (books: Books) => Promise<T>): Promise<T> {
  const { books } = booksOf(config)
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
