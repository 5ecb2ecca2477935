import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { SqliteFile } from '../../src/ledger/sqlite-file.ts'
import { SqliteBooks } from '../../src/ledger/sqlite.ts'
import { verifyFile } from '../../src/ledger/verify.ts'
import { dayMs, entryOf, someDay } from '../conformance/money.ts'
import { fill, problemsOf } from './left.ts'

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-verify-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'ledger.db')
}

/** As somebody would who knows SQLite, and knows that the fingerprints of the pages have to be made anew. */
function forge(path: string, change: string): void {
  const db = new DatabaseSync(path)
  db.exec(change)
  db.close()
  rmSync(path.replace('.db', '.sums'))
  const file = new SqliteFile(path)
  file.answer([{ job: 'holdOwners', args: [] }])
  file.close()
}

function written(t: TestContext): string {
  const path = folderFor(t)
  const file = new SqliteFile(path)
  fill(file, 0, 40)
  file.close()
  return path
}

const forgeries: readonly (readonly [about: string, change: string, found: RegExp])[] = [
  [
    'an amount in a row',
    "UPDATE requests SET content = replace(content, ',7,', ',8,') WHERE id = 'r7'",
    /row \d+ or what it follows/,
  ],
  ['a row that was taken out', "DELETE FROM requests WHERE id = 'r7'", /row \d+ is missing/],
  ['a row under another id', "UPDATE requests SET id = 'x7' WHERE id = 'r7'", /row \d+ is filed under another name/],
  [
    'a row that was added',
    "INSERT INTO requests SELECT seq + 1, 'x', at, content, hash FROM requests ORDER BY seq DESC LIMIT 1",
    /behind the end/,
  ],
  [
    'a caller who is called otherwise',
    "UPDATE names SET name = 'somebody' WHERE name = 'c1'",
    /caller .* has another name/,
  ],
  [
    'a caller who was forgotten without a note',
    "UPDATE names SET name = NULL, salt = NULL WHERE name = 'c1'",
    /no note says why/,
  ],
  ['a sum', 'UPDATE totals SET nano = nano + 1 WHERE rowid = 3', /the sums of .* are not those of their rows/],
  ['money that is set aside for nobody', 'UPDATE accounts SET held = held + 5', /more or less set aside/],
]

for (const [about, change, found] of forgeries) {
  test(`verify finds ${about}, though the fingerprints of the pages are right`, async (t) => {
    const path = written(t)
    assert.deepEqual(await problemsOf(path), [])
    forge(path, change)
    const problems = await problemsOf(path)
    assert.ok(
      problems.some((problem) => found.test(problem)),
      `found: ${problems.join('; ')}`,
    )
  })
}

test('a row that was noted elsewhere is still the one it was, or verify says so', async (t) => {
  const path = written(t)
  const { chain } = await verifyFile(path)
  const noted = { seq: chain!.seq, hash: chain!.hash }
  const file = new SqliteFile(path)
  fill(file, 40, 50)
  file.close()
  assert.deepEqual((await verifyFile(path, [noted])).problems, [])
  const { problems } = await verifyFile(path, [{ ...noted, hash: '0'.repeat(64) }])
  assert.match(problems[0]!.what, /is not the one that was noted/)
})

test('after rows were let go and a caller was forgotten, all that is left is as it was written', async (t) => {
  const path = written(t)
  const file = new SqliteFile(path)
  for (const days of [1, 2]) {
    fill(file, days * 1_440, days * 1_440 + 20)
    file.answer([{ job: 'closeDays', args: [someDay + days * dayMs + 7_200_000, 'Europe/Berlin'] }])
    const [answer] = file.answer([{ job: 'letGo', args: [30] }])
    assert.deepEqual(answer, { value: 30 })
  }
  file.answer([{ job: 'purge', args: ['c1'] }])
  fill(file, 2_900, 2_920)
  // It came before the last border, and is taken down only now.
  file.answer([{ job: 'close', args: [[entryOf('late', [], { at: someDay })]] }])
  file.close()
  const { problems, chain } = await verifyFile(path)
  assert.deepEqual(problems, [])
  assert.equal(chain!.retired, 60)
  for (const [about, change] of [
    ['sums', 'UPDATE totals SET requests = requests + 1 WHERE slot = (SELECT MIN(slot) FROM totals)'],
    ['start', 'UPDATE chain SET start_seq = start_seq + 1'],
    ['note', "UPDATE notes SET content = replace(content, 'closed', 'forgotten')"],
  ] as const) {
    const copy = join(path, '..', `${about}.db`)
    for (const ending of ['.db', '.head', '.sums'])
      copyFileSync(path.replace('.db', ending), copy.replace('.db', ending))
    forge(copy, change)
    assert.notDeepEqual(await problemsOf(copy), [], about)
  }
})

test('nothing is found while somebody writes and moves pages', async (t) => {
  const path = folderFor(t)
  const books = new SqliteBooks(path)
  const done = new AbortController()
  const writing = (async () => {
    for (let i = 0; !done.signal.aborted; i += 1) {
      const text = 'x'.repeat(40_000)
      await books.run(
        'close',
        [0, 1, 2, 3, 4].map((k) => entryOf(`r${i}-${k}`, [], { model: text })),
      )
    }
  })()
  await books.run('holdOwners')
  for (let i = 0; i < 25; i += 1) assert.deepEqual(await problemsOf(path), [])
  done.abort()
  await writing
  await books.close()
  assert.deepEqual(await problemsOf(path), [])
})

test('whenever a gateway is killed, its ledger is as it was written, and begins where it ended', async (t) => {
  const path = folderFor(t)
  let acknowledged = 0
  for (let kill = 0; kill < 8; kill += 1) {
    const child = spawn(process.execPath, ['test/ledger/writer.ts', path, String(kill * 1_000_000)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let told = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text))
    await once(child.stdout, 'data')
    await new Promise((resolve) => setTimeout(resolve, 17 * kill))
    child.kill('SIGKILL')
    await once(child, 'close')
    const { problems, chain } = await verifyFile(path)
    assert.deepEqual(problems, [], `kill ${kill}`)
    // Of ten requests nine have ended, and each has another beside it.
    acknowledged += Number(told.trim().split('\n').at(-1)) * 1.8
    assert.ok(chain!.rows >= acknowledged, `${chain!.rows} rows for ${acknowledged}`)
  }
})

test('a ledger of which the end was cut off is written to no more, since budgets would begin anew', (t) => {
  const path = written(t)
  const db = new DatabaseSync(path)
  db.exec(`DELETE FROM requests WHERE seq = (SELECT MAX(seq) FROM requests);
    UPDATE chain SET seq = seq - 1, hash = (SELECT hash FROM requests ORDER BY seq DESC LIMIT 1)`)
  db.close()
  const file = new SqliteFile(path)
  const [answer] = file.answer([{ job: 'close', args: [[entryOf('new')]] }])
  assert.ok(answer !== undefined && 'fault' in answer)
  assert.equal(answer.fault.kind, 'corrupt')
  assert.match(answer.fault.message, /ends with row 71, but row 72 was written once/)
})
