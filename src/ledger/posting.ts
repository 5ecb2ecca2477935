import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Books, BooksFault } from './books.ts'
import { together } from './journal-record.ts'
import { entriesIn, type Stretch } from './stretch.ts'

/**
 * Enters requests into the books, all at once. One of them that cannot be entered must not keep the others out for ever: it is
 * put into a file beside the journals. Gives back a sentence for each of those.
 */
export async function post(
  books: Books,
  ended: Stretch | readonly string[],
  journals: string,
): Promise<readonly string[]> {
  try {
    if ('file' in ended) await books.run('closeStretch', ended)
    else await books.run('closeText', together(ended))
    return []
  } catch (error) {
    if (!isWrong(error)) throw error
  }
  const entries = 'file' in ended ? entriesIn(ended) : ended
  const complaints: string[] = []
  if ('file' in ended && entries.length < ended.entries)
    complaints.push(`Of ${ended.entries} requests in the journal, ${ended.entries - entries.length} cannot be read.`)
  for (const entry of entries) {
    try {
      await books.run('closeText', together([entry]))
    } catch (error) {
      if (!isWrong(error)) throw error
      const path = join(journals, 'refused.log')
      appendFileSync(path, `${entry}\n`, { mode: 0o600 })
      complaints.push(`The ledger could not enter a request, which is kept in ${path}: ${error.message}`)
    }
  }
  return complaints
}

const isWrong = (error: unknown): error is BooksFault => error instanceof BooksFault && error.kind === 'wrong'
