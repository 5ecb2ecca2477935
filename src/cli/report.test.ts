import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { injections } from '../accounts/injections.test-helper.ts'
import { entryOf } from '../ledger/entries.test-helper.ts'
import { SqliteBooks } from '../ledger/sqlite.ts'
import { type Ends, type Ended, folderWith, spillway } from './process.test-helper.ts'

/** A folder with a configuration, and a ledger in which four requests are. */
async function folderOfFour(t: Ends): Promise<string> {
  const cwd = folderWith(t, {
    'spillway.yaml':
      'upstreams:\n  - { name: box, kind: ollama, url: "http://127.0.0.1:1" }\ndata_dir: .\ntime_zone: Asia/Tokyo\n',
  })
  const at = Date.parse('2026-03-01T14:30:00Z')
  const books = new SqliteBooks(join(cwd, 'ledger.db'))
  await books.run('close', [
    entryOf('a', { at, caller: 'ui', savedNano: 20_000_000 }),
    // It is the next day already in Tokyo.
    entryOf('b', { at: at + 3_600_000, caller: 'ui', fault: 'upstream_error' }),
    entryOf('c', { at, caller: '=1+1,"x"', upstream: 'cloud', tier: 1, spilled: true, gpuMs: 0, nano: 1_500_000_000 }),
    entryOf('d', { at: Date.parse('2025-03-01T14:30:00Z'), caller: 'long-ago' }),
  ])
  await books.close()
  return cwd
}

const ask = (t: Ends, cwd: string, words: string): Promise<Ended> =>
  spillway(t, ['report', '--since', '2026-01-01', ...words.split(' ').filter((word) => word !== '')], { cwd }).ended

test('a report for people has aligned figures, adds them up, and leaves out what is nothing everywhere', async (t) => {
  const cwd = await folderOfFour(t)
  const { code, out, err } = await ask(t, cwd, '--by caller,day')
  assert.deepEqual([code, err], [0, ''])
  assert.equal(
    out,
    'CALLER    DAY         REQS  FAILED  IN  OUT  GPU S  SPENT  SAVED  CLOUD\n' +
      '=1+1,"x"  2026-03-01     1       0  20   30      0  $1.50  $0.00   100%\n' +
      'ui        2026-03-01     1       0  20   30      1  $0.00  $0.02   0.0%\n' +
      'ui        2026-03-02     1       1  20   30      1  $0.00  $0.00   0.0%\n' +
      'total                    3       1  60   90      2  $1.50  $0.02    33%\n',
  )
  assert.ok(out.split('\n').every((line) => line.length <= 80))
})

test('a report for spreadsheets and one for programs have the same figures, to the last billionth', async (t) => {
  const cwd = await folderOfFour(t)
  const [csv, json] = await Promise.all([ask(t, cwd, '--by caller --csv'), ask(t, cwd, '--by caller --json')])
  const [head, first, second, end] = csv.out.split('\r\n')
  assert.match(head!, /^caller,requests,failed,spilled,estimated,input_tokens,/)
  assert.match(first!, /^"'=1\+1,""x""",1,0,1,0,20,30,0,0,1\.5,1500000000,0,0,1$/)
  assert.match(second!, /^ui,2,1,0,0,40,60,0,1\.8,0,0,0\.02,20000000,0$/)
  assert.equal(end, '')
  const { rows, total, time_zone: timeZone } = JSON.parse(json.out)
  assert.deepEqual(
    rows.map(({ caller, usd_nano: nano }: Record<string, unknown>) => [caller, nano]),
    [
      ['=1+1,"x"', 1_500_000_000],
      ['ui', 0],
    ],
  )
  assert.deepEqual([total.requests, total.saved_usd, timeZone], [3, 0.02, 'Asia/Tokyo'])
})

test('a report may be of one caller and of one time', async (t) => {
  const cwd = await folderOfFour(t)
  const ofOne = await ask(t, cwd, '--by caller --caller ui --until 2026-03-01')
  assert.match(ofOne.out, /^ui +1 +20 +30 /m)
  assert.doesNotMatch(ofOne.out, /total|long-ago/)
  const ofNone = await ask(t, cwd, '--caller nobody')
  assert.deepEqual([ofNone.code, ofNone.out], [0, 'Nothing was asked since 2025-12-31T15:00:00.000Z.\n'])
})

test('what cannot be reported by is said in a sentence, and ends with 1', async (t) => {
  const cwd = folderWith(t, {})
  const { code, out, err } = await spillway(t, ['report', '--by', 'color'], { cwd, env: { SPILLWAY_DATA_DIR: cwd } })
    .ended
  assert.deepEqual([code, out], [1, ''])
  assert.match(err, /^By is a list of caller, key, team, .*; "color" is none of them\.\n$/)
})

test('where no ledger is, nothing was asked, and to look for it does not begin one', async (t) => {
  const cwd = folderWith(t, {})
  const folder = join(cwd, 'data')
  const { code, out } = await spillway(t, ['report'], { cwd, env: { SPILLWAY_DATA_DIR: folder } }).ended
  assert.equal(code, 0)
  assert.match(out, /^Nothing was asked since /)
  assert.equal(existsSync(folder), false)
})

test('a caller may be called anything, and is found by that and by nothing else', async (t) => {
  const books = new SqliteBooks(join(folderWith(t, {}), 'ledger.db'))
  const at = Date.parse('2026-03-01T14:30:00Z')
  await books.run(
    'close',
    injections.map((caller, i) => entryOf(`id-${i}`, { at, caller })),
  )
  for (const caller of injections) {
    const rows = await books.run('report', { by: ['caller', 'month'], since: at, caller })
    assert.deepEqual(
      rows.map(({ of, requests }) => [of, requests]),
      [[{ caller, month: '2026-03' }, 1]],
    )
  }
  assert.equal((await books.run('report', { by: ['caller'] })).length, injections.length)
  await books.close()
})
