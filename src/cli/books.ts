import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { BooksFault, type Books } from '../ledger/books.ts'
import { SqliteBooks } from '../ledger/sqlite.ts'
import { dataDirOf } from './data-dir.ts'

/** The books that a configuration names: for commands, whether a gateway runs beside them or not. */
export function booksOf({ data_dir: configured }: Pick<Config, 'data_dir'>): Books {
  const folder = dataDirOf(configured)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return new SqliteBooks(join(folder, 'ledger.db'))
}

/** Opens them for as long as it takes. What is wrong with them is told in a sentence, and ends the process with 1. */
export async function withBooks<T>(config: Pick<Config, 'data_dir'>, act: (books: Books) => Promise<T>): Promise<T> {
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
