import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Books, BooksFault } from './books.ts'
import { together } from './journal-record.ts'

/**
 * Enters requests into the books, all at once. One of them that cannot be entered must not keep the others out for ever: it is
 * put into a file beside the journals. Gives back a sentence for each of those.
 */
export async function post(books: Books, entries: readonly string[], journals: string): Promise<readonly string[]> {
  try {
    await books.run('closeText', together(entries))
    return []
  } catch (error) {
    if (!isWrong(error)) throw error
  }
  const refused: string[] = []
  for (const entry of entries) {
    try {
      await books.run('closeText', together([entry]))
    } catch (error) {
      if (!isWrong(error)) throw error
      const path = join(journals, 'refused.log')
      appendFileSync(path, `${entry}\n`, { mode: 0o600 })
      refused.push(`The ledger could not enter a request, which is kept in ${path}: ${error.message}`)
    }
  }
  return refused
}

const isWrong = (error: unknown): error is BooksFault => error instanceof BooksFault && error.kind === 'wrong'
