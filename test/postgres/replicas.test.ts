import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PostgresBooks } from '../../src/ledger/postgres-books.ts'
import { verified } from './verified.ts'
import { claimOf, bound, dayOf, entryOf, tryOf } from '../conformance/money.ts'
import { race } from '../conformance/race.ts'
import { sharedPostgres, skipWithoutPostgres } from './server.ts'

const server = sharedPostgres()

test('of 500 at once at two gateways on money for 10, exactly 10 are let in', skipWithoutPostgres, async (t) => {
  const url = server.fresh()
  const gateways = [new PostgresBooks(url), new PostgresBooks(url)]
  t.after(() => Promise.all(gateways.map((gateway) => gateway.close())))
  for (let round = 0; round < 100; round += 1) await race(gateways, round)
})

test('requests that end at two gateways at once are links of one chain, each once', skipWithoutPostgres, async (t) => {
  const url = server.fresh()
  const gateways = [new PostgresBooks(url), new PostgresBooks(url)]
  t.after(() => Promise.all(gateways.map((gateway) => gateway.close())))
  const entries = Array.from({ length: 400 }, (_, n) => {
    const claim = claimOf(`r${n}/1`, 10, [bound(1_000_000, dayOf('gateway'))])
    return entryOf(`r${n}`, [tryOf(claim, 5)])
  })
  // Both are told of all of them, in pieces, as after an answer that was lost on the way.
  const pieces = Array.from({ length: 40 }, (_, n) => entries.slice(n * 10, n * 10 + 10))
  await Promise.all(gateways.flatMap((gateway) => pieces.map((piece) => gateway.run('close', piece))))
  const [row] = await gateways[0]!.run('report', { by: [] })
  assert.deepEqual([row?.requests, row?.nano], [400, 2_000])
  assert.equal(server.psql('SELECT COUNT(*), MAX(seq) FROM requests', url), '400|400')
})

test('whoever changes, adds or takes away a row by hand is found out', skipWithoutPostgres, async (t) => {
  const url = server.fresh()
  const books = new PostgresBooks(url)
  t.after(() => books.close())
  await books.run(
    'close',
    Array.from({ length: 50 }, (_, n) => entryOf(`r${n}`)),
  )
  const { problems, rows } = await verified(url)
  assert.deepEqual([problems, rows], [[], 50])
  for (const change of [
    `UPDATE requests SET content = replace(content, '"haiku"', '"opus"') || ' ' WHERE seq = 20`,
    'UPDATE requests SET at = at + 1 WHERE seq = 20',
    'DELETE FROM requests WHERE seq = 20',
    'DELETE FROM requests WHERE seq = 50',
    `INSERT INTO requests (seq, id, at, content, hash) VALUES (51, 'more', 0, '[]', '')`,
    'UPDATE totals SET nano = nano + 1',
  ]) {
    assert.deepEqual(await changed(url, change), true, change)
  }
  assert.deepEqual((await verified(url)).problems, [])
})

/** Whether that is found; it is undone afterwards. */
async function changed(url: string, change: string): Promise<boolean> {
  const names = ['requests', 'totals']
  for (const name of names) server.psql(`CREATE TABLE kept_${name} AS TABLE ${name}`, url)
  server.psql(change, url)
  const { problems } = await verified(url)
  for (const name of names) {
    server.psql(`DELETE FROM ${name}; INSERT INTO ${name} SELECT * FROM kept_${name}; DROP TABLE kept_${name}`, url)
  }
  return problems.length > 0
}
