import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { booksSuite } from '../../test/conformance/books.ts'
import { SqliteBooks } from './sqlite.ts'

booksSuite('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'spillway-books-'))
  const path = join(folder, 'ledger.db')
  const open: SqliteBooks[] = [new SqliteBooks(path)]
  return {
    books: open[0]!,
    // The one that crashed is left as it is, and goes on holding the file.
    reopen: async () => {
      open.push(new SqliteBooks(path))
      return open.at(-1)!
    },
    remove: async () => {
      await Promise.all(open.map((books) => books.close()))
      await rm(folder, { recursive: true })
    },
  }
})
