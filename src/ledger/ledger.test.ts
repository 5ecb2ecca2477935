import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { claimOf, dayAccount, entryOf, paidEntry } from './entries.test-helper.ts'
import { folderFor, openFor } from './ledger.test-helper.ts'

test('what was closed is in the books soon after, once, and nothing is left of the journal in the end', async (t) => {
  const dataDir = folderFor(t)
  const { ledger, books, close } = await openFor(t, { dataDir })
  const claim = claimOf('a#1', { accounts: [dayAccount(1_000)] })
  await ledger.hold(claim)
  ledger.sent(claim)
  await ledger.close(paidEntry(claim, 30))
  await ledger.close(paidEntry(claim, 30))
  for (let i = 0; i < 600; i += 1) assert.equal(ledger.close(entryOf(`local-${i}`)), undefined)
  while ((await ledger.report({ by: [] }))[0]?.requests !== 601) await new Promise((resolve) => setTimeout(resolve, 5))
  const [standing] = await ledger.standings([dayAccount(1_000)])
  assert.deepEqual([standing?.spentNano, standing?.heldNano], [30, 0])
  assert.deepEqual((await books.run('entryOf', 'a'))?.tries[0]?.claim.id, 'a#1')
  await close()
  assert.deepEqual(readdirSync(join(dataDir, 'journal')), [])
})

test('a process that ends leaves nothing set aside, and what had left is paid for as far as it was heard', async (t) => {
  const dataDir = folderFor(t)
  const first = await openFor(t, { dataDir })
  const [left, stayed] = [claimOf('left#1'), claimOf('stayed#1')].map((claim) => ({
    ...claim,
    accounts: [dayAccount(1_000)],
  }))
  await first.ledger.hold(left!)
  await first.ledger.hold(stayed!)
  first.ledger.sent(left!)
  first.ledger.heard(left!, 7)
  await first.close()
  const { ledger, books } = await openFor(t, { dataDir })
  const [standing] = await ledger.standings([dayAccount(1_000)])
  assert.deepEqual([standing?.spentNano, standing?.heldNano], [10 + 35, 0])
  const [one, other] = [await books.run('entryOf', 'left'), await books.run('entryOf', 'stayed')]
  assert.deepEqual([one?.state, one?.estimated, one?.outputTokens], ['settled', true, 7])
  assert.deepEqual([other?.state, other?.estimated, other?.nano], ['expired', false, 0])
})

test('of sixty at once on money for ten, ten are let in by two ledgers on one file', async (t) => {
  const dataDir = folderFor(t)
  const ledgers = [await openFor(t, { dataDir }), await openFor(t, { dataDir })]
  const accounts = [dayAccount(1_000)]
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, i) => ledgers[i % 2]!.ledger.hold(claimOf(`r${i}#1`, { accounts }))),
  )
  assert.equal(answers.filter(({ short }) => short === undefined).length, 10)
})
