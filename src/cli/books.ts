import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { BooksFault, type Books } from '../ledger/books.ts'
import { PostgresBooks } from '../ledger/postgres-books.ts'
import { SqliteBooks } from '../ledger/sqlite.ts'
import { dataDirOf } from './data-dir.ts'

type BooksConfig = Pick<Config, 'data_dir' | 'ledger'>

const ledgerFile = 'ledger.db'

/** The books that a configuration means, whether a gateway has them open or not. */
export function booksOf({ data_dir: dataDir, ledger: { url } }: BooksConfig): { books: Books; dataDir: string } {
  const folder = dataDirOf(dataDir)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const books = url === undefined ? new SqliteBooks(join(folder, ledgerFile)) : new PostgresBooks(url)
  return { books, dataDir: folder }
}

/** Whether a key was ever made: then nobody can ask without one. To look makes nothing. */
export async function hasKeys(config: BooksConfig): Promise<boolean> {
  const isHere = config.ledger.url === undefined
  if (isHere && !existsSync(join(dataDirOf(config.data_dir), ledgerFile))) return false
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
