import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { race } from '../../test/conformance/race.ts'
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

test('two processes on one file let in exactly as many as there is money for, and each row follows the one before', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'spillway-race-'))
  const gateways = [0, 1].map(() => new SqliteBooks(join(folder, 'ledger.db')))
  try {
    for (let round = 0; round < 5; round += 1) await race(gateways, round)
    const { problems, rows } = await gateways[0]!.run('verifyChain')
    assert.deepEqual({ problems, rows }, { problems: [], rows: 50 })
  } finally {
    await Promise.all(gateways.map((books) => books.close()))
    await rm(folder, { recursive: true })
  }
})
