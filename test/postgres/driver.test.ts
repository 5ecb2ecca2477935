import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Migration } from '../../src/ledger/migrations.ts'
import { Postgres } from '../../src/ledger/postgres.ts'
import { sql, type Work } from '../../src/ledger/work.ts'
import { skipWithoutPostgres, sharedPostgres } from './server.ts'

const tables: readonly Migration[] = [
  { name: '001-purses', statements: ['CREATE TABLE purses (name TEXT PRIMARY KEY, nano BIGINT NOT NULL)'] },
]

function* put(name: string, nano: number): Work<void> {
  yield sql('INSERT INTO purses (name, nano) VALUES (?, ?)', name, nano)
}

function* total(): Work<number> {
  const [row] = yield sql('SELECT SUM(nano) AS nano FROM purses')
  return Number(row?.['nano'] ?? 0)
}

/** Right for one writer only: it looks, thinks, and then writes. */
function* spend(nano: number): Work<boolean> {
  const [row] = yield sql('SELECT nano FROM purses WHERE name = ?', 'all')
  const left = Number(row?.['nano'])
  if (left < nano) return false
  yield sql('UPDATE purses SET nano = ? WHERE name = ?', left - nano, 'all')
  return true
}

const server = sharedPostgres()

const opened = (t: TestContext, url: string): Postgres => {
  const postgres = new Postgres({ url, now: () => performance.now(), steps: tables })
  t.after(() => postgres.close())
  return postgres
}

test('what is asked for at once is done, one after the other, in one commit', skipWithoutPostgres, async (t) => {
  const postgres = opened(t, server.fresh())
  await Promise.all(Array.from({ length: 100 }, (_, n) => postgres.write(() => put(`p${n}`, n))))
  assert.equal(await postgres.read(total), 4_950)
})

test(
  'of two gateways only one writes at a time, so that work may look before it writes',
  skipWithoutPostgres,
  async (t) => {
    const url = server.fresh()
    const [one, other] = [opened(t, url), opened(t, url)]
    await one.write(() => put('all', 10))
    const asked = Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? one : other).write(() => spend(1)))
    assert.equal((await Promise.all(asked)).filter(Boolean).length, 10)
    assert.equal(await other.read(total), 0)
  },
)

test(
  'work that fails leaves nothing behind, and harms nobody who shared its commit',
  skipWithoutPostgres,
  async (t) => {
    const postgres = opened(t, server.fresh())
    await postgres.write(() => put('a', 1))
    const ends = await Promise.allSettled([
      postgres.write(() => put('b', 2)),
      postgres.write(function* () {
        yield* put('c', 100)
        yield* put('a', 100)
      }),
      postgres.write(() => put('d', 4)),
    ])
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    assert.equal(await postgres.read(total), 7)
  },
)

test('numbers too large to be counted with are an error rather than a little wrong', skipWithoutPostgres, async (t) => {
  const postgres = opened(t, server.fresh())
  await postgres.write(() => put('a', Number.MAX_SAFE_INTEGER))
  assert.equal(await postgres.read(total), Number.MAX_SAFE_INTEGER)
  await postgres.write(() => put('b', 1))
  await assert.rejects(postgres.read(total), /too large/)
  assert.equal(await postgres.write(() => spend(1)).catch(() => false), false)
})

test(
  'of gateways that start at once, one makes the tables and the others find them',
  skipWithoutPostgres,
  async (t) => {
    const url = server.fresh()
    const gateways = Array.from({ length: 5 }, () => opened(t, url))
    await Promise.all(gateways.map((gateway, n) => gateway.write(() => put(`p${n}`, 1))))
    assert.equal(await gateways[0]!.read(total), 5)
  },
)

test(
  'a gateway that is older than the tables keeps its hands off them, also while it runs',
  skipWithoutPostgres,
  async (t) => {
    const url = server.fresh()
    const older = opened(t, url)
    await older.write(() => put('a', 1))
    const newer = new Postgres({
      url,
      now: () => performance.now(),
      steps: [...tables, { name: '002-wider', statements: ['ALTER TABLE purses ADD COLUMN team TEXT'] }],
    })
    t.after(() => newer.close())
    assert.equal(await newer.read(total), 1)
    await assert.rejects(
      older.write(() => put('b', 1)),
      { kind: 'newer' },
    )
    await assert.rejects(opened(t, url).read(total), { kind: 'newer' })
    assert.equal(await newer.read(total), 1)
  },
)
