import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { SqliteBooks } from '../../src/ledger/sqlite.ts'
import { verifyFile } from '../../src/ledger/verify.ts'
import { bound, claimOf, dayOf, entryOf, tryOf } from '../conformance/money.ts'

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-trouble-'))
  t.after(() => {
    spawnSync('umount', ['-l', folder], { stdio: 'ignore' })
    rmSync(folder, { recursive: true })
  })
  return folder
}

const held = (i: number) => claimOf(`h${i}/1`, 1, [bound(1_000_000)])

const full =
  'where the disk is full, nothing is half done, what is there can be read, and it goes on when there is room'

for (const kilobytes of [700, 708, 712, 724])
  test(`${full}: ${kilobytes} kB`, async (t) => {
    const folder = folderFor(t)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder])
    if (mounted.status !== 0) return t.skip('a small file system cannot be mounted here')
    const path = join(folder, 'ledger.db')
    const books = new SqliteBooks(path)
    await books.run('holdOwners')
    writeFileSync(join(folder, 'ballast'), Buffer.alloc(64_000))
    let kept = 0
    const fault = await (async () => {
      for (;;) {
        try {
          await books.run('close', [entryOf(`r${kept}`, [tryOf(held(kept), 1)], { model: 'x'.repeat(9_000) })])
          kept += 1
        } catch (error) {
          return error
        }
      }
    })()
    assert.equal((fault as { kind?: string }).kind, 'full')
    assert.equal((await books.run('report', { by: [] }))[0]?.requests, kept)
    assert.deepEqual((await verifyFile(path)).problems, [], 'as it is')
    rmSync(join(folder, 'ballast'))
    await books.run('hold', held(kept), 'me')
    await books.close()
    const { problems, chain } = await verifyFile(path)
    assert.deepEqual(problems, [])
    assert.equal(chain?.rows, kept)
  })

test('while another program keeps the ledger locked it says so, reads go on, and afterwards so do writes', async (t) => {
  const path = join(folderFor(t), 'ledger.db')
  const books = new SqliteBooks(path)
  await books.run('hold', held(0), 'me')
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  await assert.rejects(books.run('hold', held(1), 'me'), { kind: 'locked' })
  assert.equal((await books.run('standings', [dayOf('gateway')]))[0]?.heldNano, 1)
  other.exec('ROLLBACK')
  other.close()
  assert.equal((await books.run('hold', held(1), 'me')).short, undefined)
  await books.close()
})

test('when its file is taken away nothing is written into the void, and no other is begun in its place', async (t) => {
  const path = join(folderFor(t), 'ledger.db')
  const books = new SqliteBooks(path)
  await books.run('hold', held(0), 'me')
  renameSync(path, `${path}.away`)
  await assert.rejects(books.run('hold', held(1), 'me'), { kind: 'gone' })
  await assert.rejects(books.run('hold', held(1), 'me'), { kind: 'gone' })
  assert.equal(statSync(path, { throwIfNoEntry: false }), undefined)
  renameSync(`${path}.away`, path)
  const { standings } = await books.run('hold', held(1), 'me')
  assert.equal(standings[0]?.heldNano, 2)
  await books.close()
})

test('what is no database is left as it is, and told to be damaged', async (t) => {
  const path = join(folderFor(t), 'ledger.db')
  writeFileSync(path, 'a letter to somebody'.repeat(500))
  const books = new SqliteBooks(path)
  await assert.rejects(books.run('hold', held(0), 'me'), { kind: 'corrupt' })
  await books.close()
})

test('a job that cannot be done takes nothing with it of those that share its commit', async (t) => {
  const books = new SqliteBooks(join(folderFor(t), 'ledger.db'))
  await books.run('close', [entryOf('over')])
  const [one, wrong, two] = await Promise.allSettled([
    books.run('hold', held(1), 'me'),
    books.run('hold', { ...held(2), requestId: 'over' }, 'me'),
    books.run('hold', held(3), 'me'),
  ])
  assert.deepEqual([one.status, wrong.status, two.status], ['fulfilled', 'rejected', 'fulfilled'])
  assert.equal((await books.run('standings', [dayOf('gateway')]))[0]?.heldNano, 2)
  await books.close()
})

test('files of the ledger are for their owner alone', async (t) => {
  const folder = folderFor(t)
  const books = new SqliteBooks(join(folder, 'ledger.db'))
  await books.run('hold', held(0), 'me')
  for (const name of ['ledger.db', 'ledger.db-wal', 'ledger.db-shm', 'ledger.sums', 'ledger.head'])
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
  await books.close()
})
