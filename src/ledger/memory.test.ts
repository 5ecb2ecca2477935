import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimOf, dayAccount, entryOf, paidEntry } from './entries.test-helper.ts'
import { MemoryLedger } from './memory.ts'

test('of five hundred at once on money for ten, ten are let in', async () => {
  const ledger = new MemoryLedger()
  const accounts = [dayAccount(1_000)]
  const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => ledger.hold(claimOf(`r${i}`, { accounts }))))
  assert.equal(answers.filter(({ short }) => short === undefined).length, 10)
})

test('money is set aside from all accounts or from none', async () => {
  const ledger = new MemoryLedger()
  const accounts = [dayAccount(1_000), dayAccount(50, 'caller:ui/day')]
  const { short, standings } = await ledger.hold(claimOf('a', { accounts }))
  assert.equal(short?.name, 'caller:ui/day')
  assert.deepEqual(
    standings.map(({ heldNano }) => heldNano),
    [0, 0],
  )
})

test('what is held comes back when the request ends, and what it did cost is spent, once', async () => {
  const ledger = new MemoryLedger()
  const accounts = [dayAccount(1_000)]
  const claim = claimOf('a', { accounts })
  await ledger.hold(claim)
  await ledger.hold(claim)
  await ledger.close(paidEntry(claim, 30))
  await ledger.close(paidEntry(claim, 30))
  const [standing] = await ledger.standings(accounts)
  assert.deepEqual([standing?.spentNano, standing?.heldNano], [30, 0])
  assert.equal(ledger.entries.length, 1)
})

test('a hold belongs to the span in which it was made, and a clock that jumps back opens no older one', async () => {
  const ledger = new MemoryLedger()
  const today = dayAccount(100)
  const tomorrow = dayAccount(100, today.name, 86_400_000)
  const claim = claimOf('a', { accounts: [today] })
  await ledger.hold(claim)
  await ledger.hold(claimOf('b', { accounts: [tomorrow], at: 86_400_001 }))
  await ledger.close(paidEntry(claim, 40))
  const [standing] = await ledger.standings([tomorrow])
  assert.deepEqual([standing?.spentNano, standing?.heldNano], [0, 100])
  const { short } = await ledger.hold(claimOf('c', { accounts: [today] }))
  assert.equal(short?.from, tomorrow.from)
})

test('an account that is new begins with what was spent and is held in its span', async () => {
  const ledger = new MemoryLedger()
  const spent = claimOf('a', { accounts: [] })
  await ledger.hold(spent)
  await ledger.close(paidEntry(spent, 30))
  await ledger.hold(claimOf('b', { accounts: [] }))
  await ledger.hold(claimOf('c', { accounts: [], caller: 'other' }))
  const [standing] = await ledger.standings([dayAccount(1_000, 'caller:ui/day')])
  assert.deepEqual([standing?.spentNano, standing?.heldNano], [30, 100])
})

test('a ledger in trouble sets nothing aside, and takes down what ends', async () => {
  const ledger = new MemoryLedger()
  const claim = claimOf('a', { accounts: [dayAccount(1_000)] })
  await ledger.hold(claim)
  ledger.trouble = 'The disk is full.'
  await assert.rejects(ledger.hold(claimOf('b')), /full/)
  await ledger.close(paidEntry(claim, 30))
  assert.deepEqual(ledger.open, [])
})

test('a report adds up what is alike, by days of the time zone that is named', async () => {
  const ledger = new MemoryLedger()
  const at = Date.parse('2026-11-21T23:30:00Z')
  void ledger.close(entryOf('a', { at }))
  void ledger.close(entryOf('b', { at, caller: 'batch', fault: 'upstream_error' }))
  void ledger.close(entryOf('c', { at: at + 3_600_000 }))
  const rows = await ledger.report({ by: ['day'], timeZone: 'Europe/Berlin' })
  assert.deepEqual(
    rows.map(({ of, requests, failed }) => [of.day, requests, failed]),
    [['2026-11-22', 3, 1]],
  )
  const weeks = await ledger.report({ by: ['week', 'caller'] })
  assert.deepEqual(
    weeks.map(({ of, requests }) => [of.week, of.caller, requests]),
    [
      ['2026-11-16', 'ui', 2],
      ['2026-11-16', 'batch', 1],
    ],
  )
  assert.deepEqual(await ledger.used({ caller: 'ui' }, at + 1), { tokens: 50, gpuMs: 900 })
})

test('what it remembers of the past is bounded, and accounts forget nothing', async () => {
  const ledger = new MemoryLedger({ keep: 3 })
  const accounts = [dayAccount(10_000)]
  for (let i = 0; i < 10; i += 1) {
    const claim = claimOf(`r${i}`, { accounts })
    await ledger.hold(claim)
    await ledger.close(paidEntry(claim, 7))
  }
  assert.equal(ledger.entries.length, 3)
  assert.equal((await ledger.standings(accounts))[0]?.spentNano, 70)
})
