import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Breaker } from './breaker.ts'

function broken(at = 0): Breaker {
  const breaker = new Breaker()
  for (let failures = 0; failures < 5; failures += 1) breaker.ended('broke', at, breaker.begun())
  return breaker
}

test('five failures in a row open it, four do not', () => {
  const breaker = new Breaker()
  for (let failures = 0; failures < 4; failures += 1) breaker.ended('broke', 0, breaker.begun())
  assert.equal(breaker.allows(0), true)
  breaker.ended('broke', 0, breaker.begun())
  assert.equal(breaker.allows(0), false)
  assert.equal(breaker.state(0), 'open')
})

test('a success in between begins the count anew', () => {
  const breaker = new Breaker()
  for (const ending of ['broke', 'failed', 'broke', 'broke', 'served', 'broke', 'broke', 'failed', 'broke'] as const)
    breaker.ended(ending, 0, breaker.begun())
  assert.equal(breaker.allows(0), true)
})

test('callers who hang up neither open nor close it', () => {
  const breaker = new Breaker()
  for (let at = 0; at < 10; at += 1) breaker.ended('ignored', 0, breaker.begun())
  assert.equal(breaker.allows(0), true)
  const open = broken()
  open.ended('ignored', 10, false)
  assert.equal(open.allows(10), false)
})

test('after its rest it lets exactly one through', () => {
  const breaker = broken()
  assert.equal(breaker.allows(999), false)
  assert.equal(breaker.allows(1_000), true)
  assert.equal(breaker.state(1_000), 'half-open')
  assert.equal(breaker.begun(), true)
  assert.equal(breaker.allows(1_001), false)
})

test('when the one that tries hangs up, another may try at once', () => {
  const breaker = broken()
  breaker.ended('ignored', 1_001, breaker.begun())
  assert.equal(breaker.allows(1_001), true)
})

test('a trial that succeeds closes it', () => {
  const breaker = broken()
  breaker.ended('served', 1_100, breaker.begun())
  assert.equal(breaker.state(1_100), 'closed')
  assert.equal(breaker.begun(), false)
})

test('each failed trial doubles the rest, up to half a minute', () => {
  const breaker = broken()
  const rests: number[] = []
  let now = 1_000
  for (let trial = 0; trial < 6; trial += 1) {
    breaker.ended('broke', now, breaker.begun())
    rests.push(breaker.restsUntil! - now)
    now = breaker.restsUntil!
  }
  assert.deepEqual(rests, [2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
})

test('failures of asks that were under way when it opened do not lengthen the rest', () => {
  const breaker = broken()
  for (let at = 0; at < 20; at += 1) breaker.ended('broke', 500, false)
  assert.equal(breaker.restsUntil, 1_000)
})

test('a server that says it is busy is not broken', () => {
  const breaker = new Breaker()
  for (let at = 0; at < 10; at += 1) breaker.ended('overloaded', 0, breaker.begun())
  assert.equal(breaker.allows(0), true)
})

test('what is known to be broken is left alone at once, for as long as is asked for at least', () => {
  const breaker = new Breaker()
  breaker.open(100, 10_000)
  assert.deepEqual([breaker.state(100), breaker.restsUntil], ['open', 10_100])
  breaker.ended('failed', 10_200, false)
  assert.equal(breaker.restsUntil, 10_100, 'those that were there say nothing new')
  breaker.ended('served', 10_200, breaker.begun())
  assert.equal(breaker.state(10_200), 'closed')
})
