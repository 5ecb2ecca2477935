import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { entryOf } from '../../test/conformance/money.ts'
import { SqliteBooks } from '../ledger/sqlite.ts'
import { verifyFile } from '../ledger/verify.ts'

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-ledger-cli-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

interface Ended {
  readonly status: number | null
  readonly out: string
}

/** In the folder, and without a configuration. */
async function spillway(folder: string, ...args: string[]): Promise<Ended> {
  const main = new URL('main.ts', import.meta.url).pathname
  const env = { ...process.env, SPILLWAY_DATA_DIR: folder }
  const child = spawn(process.execPath, [main, 'ledger', ...args], { cwd: folder, env })
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { status, out: stdout + stderr }
}

test('a ledger is proved while somebody writes it, its last row can be noted, and a changed byte is named', async (t) => {
  const folder = folderFor(t)
  const books = new SqliteBooks(join(folder, 'ledger.db'))
  await books.run('close', [entryOf('a'), entryOf('b')])
  const first = await spillway(folder, 'verify')
  assert.equal(first.status, 0, first.out)
  const [, noted] = /The last is (2:[0-9a-f]{64})/.exec(first.out) ?? []
  await books.run('close', [entryOf('c')])
  await books.close()
  const second = await spillway(folder, 'verify', '--json', '--noted', noted!)
  assert.equal(second.status, 0, second.out)
  const { sound, rows } = JSON.parse(second.out) as { sound: boolean; rows: number }
  assert.deepEqual({ sound, rows }, { sound: true, rows: 3 })

  const bytes = readFileSync(join(folder, 'ledger.db'))
  bytes[5_000] = bytes[5_000]! ^ 1
  writeFileSync(join(folder, 'ledger.db'), bytes)
  const third = await spillway(folder, 'verify')
  assert.equal(third.status, 1)
  assert.match(third.out, /not as it was written:\n {2}\S+ledger\.db: page 2, bytes 4096 to 8191/)
})

test('where there is no ledger, that is said, and none is made', async (t) => {
  const folder = folderFor(t)
  for (const command of [['verify'], ['backup', join(folder, 'copy.db')], ['purge', '--caller', 'a']]) {
    const { status, out } = await spillway(folder, ...command)
    assert.equal(status, 1)
    assert.match(out, command[0] === 'purge' ? /Nobody of the name a/ : /There is no ledger at/)
  }
})

test('a copy is made while somebody writes, and can be proved by itself', async (t) => {
  const folder = folderFor(t)
  const books = new SqliteBooks(join(folder, 'ledger.db'))
  await books.run('close', [entryOf('a')])
  const done = new AbortController()
  let count = 1
  const writing = (async () => {
    while (!done.signal.aborted) {
      await books.run('close', [entryOf(`r${count}`)])
      count += 1
    }
  })()
  const copy = join(folder, 'copy.db')
  const before = count
  const { status, out } = await spillway(folder, 'backup', copy)
  done.abort()
  await writing
  await books.close()
  assert.equal(status, 0, out)
  const { problems, chain } = await verifyFile(copy)
  assert.deepEqual(problems, [])
  assert.ok(chain!.rows >= before && chain!.rows <= count, `${chain!.rows} of ${before} to ${count}`)
  const restored = new SqliteBooks(copy)
  await restored.run('close', [entryOf('after')])
  await restored.close()
  assert.deepEqual((await verifyFile(copy)).problems, [])
})

test('a caller is forgotten: no file of the ledger holds the name any more, and the audit says that it was done', async (t) => {
  const folder = folderFor(t)
  const books = new SqliteBooks(join(folder, 'ledger.db'))
  const caller = 'somebody-unmistakable'
  await books.run('close', [entryOf('a', [], { caller })])
  await books.close()
  mkdirSync(join(folder, 'recordings'))
  const recorded = join(folder, 'recordings', 'day.jsonl')
  writeFileSync(recorded, `{"type":"settings","caller":"${caller}"}\n`)
  const { status, out } = await spillway(folder, 'purge', '--caller', caller)
  assert.equal(status, 0, out)
  const again = new SqliteBooks(join(folder, 'ledger.db'))
  await again.run('heartbeat', 'me', 'here', 1)
  const [line] = await again.run('listAudit', { most: 1 })
  await again.close()
  assert.equal(line?.action, 'ledger.purge')
  for (const name of ['ledger.db', 'ledger.db-wal', 'ledger.sums', 'ledger.head'])
    assert.ok(!readFileSync(join(folder, name)).includes(caller), name)
  assert.ok(!readFileSync(recorded).includes(caller), 'nor has a recording')
  // One that was written to until now.
  writeFileSync(recorded, `{"type":"settings","caller":"${caller}"}\n`)
  assert.equal((await spillway(folder, 'purge', '--caller', caller)).status, 0)
  assert.ok(!readFileSync(recorded).includes(caller))
  assert.equal((await spillway(folder, 'purge', '--caller', caller)).status, 1)
})
