import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { BooksFault } from '../../src/ledger/books.ts'
import { migrations, versionOf } from '../../src/ledger/migrations.ts'
import { Connection } from '../../src/ledger/sqlite-connection.ts'
import { SqliteFile } from '../../src/ledger/sqlite-file.ts'
import { SqliteBooks } from '../../src/ledger/sqlite.ts'
import { upgrade } from '../../src/ledger/sqlite-upgrade.ts'
import { entryOf } from '../conformance/money.ts'

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-upgrade-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** A ledger as the first version made it, with something in it. */
function old(folder: string): string {
  const path = join(folder, 'old.db')
  const connection = new Connection(path)
  upgrade(connection, path, migrations.slice(0, 1))
  connection.db.exec("INSERT INTO owners (id, place, seen_at) VALUES ('me', 'here', 1)")
  connection.close()
  return path
}

const stateOf = (path: string): { version: number; owners: number } => {
  const connection = new Connection(path)
  const version = connection.run(versionOf())
  const owners = version === 0 ? 0 : connection.rows({ text: 'SELECT id FROM owners', values: [] }).length
  connection.close()
  return { version, owners }
}

test('whenever an upgrade is killed, the ledger is of the old version or of the new one, and the next program goes on', (t) => {
  const folder = folderFor(t)
  const before = old(folder)
  const seen = new Set<number>()
  for (let last = 0; ; last += 1) {
    const path = join(folder, `${last}.db`)
    copyFileSync(before, path)
    const { signal } = spawnSync(process.execPath, ['test/ledger/upgrader.ts', path, String(last)], {
      stdio: 'inherit',
    })
    const { version, owners } = stateOf(path)
    seen.add(version)
    assert.ok(version === 1 || version === migrations.length, `version ${version}`)
    assert.equal(owners, 1)
    if (signal === null) break
    const connection = new Connection(path)
    upgrade(connection, path)
    connection.close()
    assert.deepEqual(stateOf(path), { version: migrations.length, owners: 1 })
  }
  assert.deepEqual(seen, new Set([1, migrations.length]))
})

test('before an upgrade, a copy of the ledger is put aside', (t) => {
  const path = old(folderFor(t))
  const connection = new Connection(path)
  upgrade(connection, path)
  connection.close()
  const copy = `${path}.before-${migrations.length}`
  assert.deepEqual(stateOf(copy), { version: 1, owners: 1 })
  assert.equal(statSync(copy).mode & 0o777, 0o600)
})

test('a ledger of a newer program is left alone, and says what to start', (t) => {
  const path = join(folderFor(t), 'ledger.db')
  const connection = new Connection(path)
  upgrade(connection, path, [...migrations, { name: 'later', statements: ['CREATE TABLE later (id TEXT)'] }])
  connection.close()
  const file = new SqliteFile(path)
  const [answer] = file.answer([{ job: 'close', args: [[entryOf('a')]] }])
  assert.ok(answer !== undefined && 'fault' in answer)
  assert.equal(answer.fault.kind, 'newer')
  assert.match(answer.fault.message, /start the newer program that made it/)
  assert.equal(existsSync(path.replace('.db', '.head')), false)
})

/** Is about to write the file for so long, in a thread of its own, which ends then. */
async function held(path: string, ms: number): Promise<Worker> {
  const code = `
    const { DatabaseSync } = require('node:sqlite')
    const db = new DatabaseSync(${JSON.stringify(path)})
    db.exec('BEGIN IMMEDIATE')
    require('node:worker_threads').parentPort.postMessage('held')
    setTimeout(() => { db.exec('COMMIT'); db.close() }, ${ms})`
  const holder = new Worker(code, { eval: true })
  await once(holder, 'message')
  return holder
}

test('who opens a ledger while another begins it waits for that, but not for ever', async (t) => {
  const path = join(folderFor(t), 'ledger.db')
  await held(path, 100)
  const connection = new Connection(path, { lockedMs: 5_000 })
  upgrade(connection, path)
  connection.close()
  assert.equal(stateOf(path).version, migrations.length)
  const other = join(folderFor(t), 'ledger.db')
  const holder = await held(other, 600)
  assert.throws(() => new Connection(other, { lockedMs: 50 }), /locked/)
  await once(holder, 'exit')
})

test('of those who open an old ledger at once, one takes it to the new version, and the copy is whole', async (t) => {
  const path = old(folderFor(t))
  const connection = new Connection(path)
  const many = 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)'
  connection.db.exec(`${many} INSERT INTO owners (id, place, seen_at) SELECT 'one-' || i, 'there', i FROM n`)
  connection.close()
  const books = Array.from({ length: 4 }, () => new SqliteBooks(path))
  // Who does not wait that long is told so, and asks again.
  const asked = async (one: SqliteBooks): Promise<void> => {
    for (;;)
      try {
        return void (await one.run('verifyAudit'))
      } catch (error) {
        assert.equal((error as BooksFault).kind, 'locked')
      }
  }
  await Promise.all(books.map(asked))
  await Promise.all(books.map((one) => one.close()))
  assert.deepEqual(stateOf(path), { version: migrations.length, owners: 200_001 })
  assert.deepEqual(stateOf(`${path}.before-${migrations.length}`), { version: 1, owners: 200_001 })
})
