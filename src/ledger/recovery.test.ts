import assert from 'node:assert/strict'
import { existsSync, mkdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Claim, Standing } from '../core/ledger.ts'
import { claimOf, dayAccount, entryOf, paidEntry } from './entries.test-helper.ts'
import { Journal } from './journal.ts'
import { closeRecord, heardRecord, sentRecord } from './journal-record.ts'
import { folderFor, realTime } from './ledger.test-helper.ts'
import { Alive, becomeOwner, type Owner } from './owners.ts'
import { recover, type Recovered } from './recovery.ts'
import { SqliteHere } from './sqlite-here.test-helper.ts'

interface Rig {
  readonly books: SqliteHere
  readonly journals: string
  /** A process that writes this into its journal. */
  readonly owner: (write: (journal: Journal) => void) => Promise<Owner>
  readonly recover: (epochMs?: number) => Promise<Recovered>
  readonly standing: () => Promise<Standing>
}

const accounts = [dayAccount(1_000)]

function rig(t: TestContext): Rig {
  const dataDir = folderFor(t)
  const journals = join(dataDir, 'journal')
  const books = new SqliteHere(join(dataDir, 'ledger.db'))
  return {
    books,
    journals,
    owner: async (write) => {
      const owner = becomeOwner(journals, realTime)
      const options = { folder: owner.folder, world: realTime, carried: () => [], onTrouble: () => {} }
      const journal = await Journal.open({ ...options, segmentBytes: 32 * 1024 })
      write(journal)
      // As the system leaves its files: with all that was written.
      await journal.close()
      return owner
    },
    recover: (epochMs = 0) => recover({ journals, books, world: { epochMs: () => epochMs }, self: 'self' }),
    standing: async () => (await books.run('standings', accounts))[0]!,
  }
}

const claims = (...ids: string[]): Claim[] => ids.map((id) => claimOf(id, { accounts }))

test('of a dead process, what ended is entered, what had left is paid for as far as it was heard, and the rest is given back', async (t) => {
  const { books, owner, recover: look, standing, journals } = rig(t)
  const [ended, heard, silent, stayed] = claims('ended#1', 'heard#1', 'silent#1', 'stayed#1')
  const dead = await owner((journal) => {
    for (const { id } of [ended!, heard!, silent!]) journal.note(sentRecord(id))
    journal.note(heardRecord('heard#1', 4))
    journal.add(closeRecord(JSON.stringify(paidEntry(ended!, 50))), true)
    journal.note(heardRecord('heard#1', 8))
    for (let i = 0; i < 300; i += 1) journal.add(closeRecord(JSON.stringify(entryOf(`local-${i}`))), false)
  })
  for (const claim of [ended!, heard!, silent!, stayed!]) await books.run('hold', claim, dead.id)
  assert.deepEqual(await look(), { processes: 0, closed: 0, orphans: 0, refused: [] }, 'it is alive')
  dead.alive.end()
  assert.deepEqual(await look(9_000), { processes: 1, closed: 301, orphans: 3, refused: [] })
  const { spentNano, heldNano } = await standing()
  assert.deepEqual([spentNano, heldNano], [50 + (10 + 40) + 10, 0])
  const rows = await Promise.all(['heard', 'silent', 'stayed'].map((id) => books.run('entryOf', id)))
  assert.deepEqual(
    rows.map((row) => [row?.state, row?.outputTokens, row?.estimated, row?.fault, row?.endedAt]),
    [
      ['settled', 8, true, 'gateway_crashed', 9_000],
      ['settled', 0, true, 'gateway_crashed', 9_000],
      ['expired', 0, false, 'gateway_crashed', 9_000],
    ],
  )
  assert.equal(existsSync(join(journals, dead.id)), false)
  assert.deepEqual(await look(), { processes: 0, closed: 0, orphans: 0, refused: [] })
})

test('several who find the same dead process end its requests once', async (t) => {
  const { books, owner, recover: look, standing } = rig(t)
  const [ended, left] = claims('ended#1', 'left#1')
  const dead = await owner((journal) => {
    journal.note(sentRecord('left#1'))
    journal.add(closeRecord(JSON.stringify(paidEntry(ended!, 50))), true)
  })
  for (const claim of [ended!, left!]) await books.run('hold', claim, dead.id)
  dead.alive.end()
  const found = await Promise.all([look(), look(), look()])
  assert.equal(
    found.reduce((sum, { processes }) => sum + processes, 0),
    1,
  )
  const { spentNano, heldNano } = await standing()
  assert.deepEqual([spentNano, heldNano], [60, 0])
})

test('a request that was tried twice is one row, and never costs more than was set aside for it', async (t) => {
  const { books, owner, recover: look } = rig(t)
  const dead = await owner((journal) => {
    for (const id of ['a#1', 'a#2']) journal.note(sentRecord(id))
    journal.note(heardRecord('a#2', 1_000))
    journal.add(closeRecord(JSON.stringify(entryOf('other'))), false)
  })
  for (const claim of claims('a#1', 'a#2', 'a#3')) await books.run('hold', claim, dead.id)
  dead.alive.end()
  assert.equal((await look()).orphans, 1)
  const row = await books.run('entryOf', 'a')
  assert.deepEqual(
    row?.tries.map(({ state, nano }) => [state, nano]),
    [
      ['settled', 10],
      ['settled', 100],
      ['expired', 0],
    ],
  )
  assert.equal(row?.nano, 110)
})

test('what the books had got before is not entered again', async (t) => {
  const { books, owner, recover: look } = rig(t)
  const dead = await owner((journal) => {
    const add = (id: string): boolean => journal.add(closeRecord(JSON.stringify(entryOf(id))), false)
    for (const id of ['a', 'b']) add(id)
    journal.posted(journal.next()!)
    add('c')
  })
  dead.alive.end()
  assert.equal((await look()).closed, 1)
  assert.deepEqual(
    (await books.run('entriesAfter', 0, 9)).map(({ id }) => id),
    ['c'],
  )
})

test('money of a process whose journal is elsewhere is held until nobody can be waiting, and as long as it says it is alive', async (t) => {
  const { books, owner, recover: look, standing } = rig(t)
  await owner(() => {})
  await books.run('hold', claimOf('far#1', { accounts, expiresAt: 600_000 }), 'far-away')
  await books.run('heartbeat', 'far-away', 'host-2', 590_000)
  assert.equal((await look(599_000)).orphans, 0)
  assert.equal((await look(601_000)).orphans, 0, 'it has just spoken')
  assert.equal((await standing()).heldNano, 100)
  assert.equal((await look(700_000)).orphans, 1)
  const { spentNano, heldNano } = await standing()
  assert.deepEqual([spentNano, heldNano], [10, 0])
  assert.deepEqual((await books.run('entryOf', 'far'))?.estimated, true)
})

test('a folder that never became that of a process is cleared away once it is old', async (t) => {
  const { owner, recover: look, journals } = rig(t)
  await owner(() => {})
  const [fresh, old] = [join(journals, '.new-a'), join(journals, '.new-b')]
  for (const folder of [fresh, old]) mkdirSync(folder)
  utimesSync(fresh, 1_000, 1_000)
  utimesSync(old, 900, 900)
  await look(1_030_000)
  assert.deepEqual([existsSync(fresh), existsSync(old)], [true, false])
})

test('the lock of a process is its own until it ends', (t) => {
  const folder = folderFor(t)
  const mine = Alive.take(folder)
  assert.equal(Alive.take(folder), undefined)
  mine?.end()
  const next = Alive.take(folder)
  assert.notEqual(next, undefined)
  next?.end()
})
