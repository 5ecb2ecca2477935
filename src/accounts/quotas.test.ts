import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ask, Caller } from '../core/ask.ts'
import type { Budget } from '../core/budget.ts'
import { Fault } from '../core/fault.ts'
import type { Outcome } from '../core/reply.ts'
import { MemoryLedger } from '../ledger/memory.ts'
import { callerWith, Rig } from './rig.test-helper.ts'

const tokens = (count: number, over: Partial<Budget> = {}): Budget => ({
  per: 'day',
  tokens: count,
  alertAt: [],
  ...over,
})
const gpuSeconds = (count: number): Budget => ({ per: 'day', gpuMs: count * 1_000, alertAt: [] })

/** An answer at home. */
const served = (ask: Ask, outputTokens: number, gpuMs = 1_000): Outcome => ({
  usage: { promptTokens: ask.promptTokens, outputTokens },
  upstream: 'box',
  tier: 0,
  attempts: 1,
  waitMs: 0,
  firstTokenMs: 5,
  totalMs: 10,
  fault: undefined,
  gpuMs,
})

const refused = (rig: Rig, caller: Caller, over: Partial<Ask> = {}): Fault => {
  try {
    rig.treasury.open(rig.ask(caller, over))
  } catch (error) {
    assert.ok(error instanceof Fault)
    return error
  }
  return assert.fail('It was let in.')
}

test('who has no budget of tokens or time is never asked for it', () => {
  const rig = new Rig()
  const ask = rig.ask(callerWith([]))
  assert.equal(rig.treasury.open(ask).ask, ask)
})

test('what answers really took is what is used up', async () => {
  const rig = new Rig()
  const caller = callerWith([tokens(100_000)])
  for (let at = 0; at < 10; at += 1) {
    const page = rig.treasury.open(rig.ask(caller))
    await page.close(served(page.ask, 50))
  }
  const [standing] = rig.treasury.standings()
  assert.deepEqual([standing?.counted, standing?.spent, standing?.held], ['tokens', 1_500, 0])
})

test('those who are under way at once cannot pass the budget together', () => {
  const rig = new Rig()
  const caller = callerWith([tokens(20_000)])
  let allowed = 0
  for (let at = 0; at < 500; at += 1) {
    try {
      const { ask } = rig.treasury.open(rig.ask(caller, { outputTokensMax: 8_000 }))
      allowed += ask.promptTokens + ask.outputTokensMax!
    } catch (error) {
      assert.equal((error as Fault).code, 'budget_exceeded')
    }
  }
  assert.ok(allowed > 15_000 && allowed <= 20_000, `${allowed}`)
})

test('an answer is shortened to what is left, and only there', () => {
  const rig = new Rig()
  const long = { outputTokensMax: undefined }
  assert.equal(rig.treasury.open(rig.ask(callerWith([tokens(1_000_000)]), long)).ask.outputTokensMax, undefined)
  const { outputTokensMax } = rig.treasury.open(rig.ask(callerWith([tokens(1_000)], { id: 'ben' }), long)).ask
  assert.equal(outputTokensMax, 1_000 - 189)
})

test('all of a team use up one budget', async () => {
  const rig = new Rig()
  const team = { name: 'lab', budgets: [tokens(1_000)] }
  const [ann, ben] = ['ann', 'ben'].map((id) => callerWith([], { id, team }))
  const page = rig.treasury.open(rig.ask(ann!))
  assert.match(refused(rig, ben!).message, /the team lab for this day is not used up, but .* set aside/)
  assert.equal(refused(rig, ben!, { clamp: false }).status, 413)
  await page.close(served(page.ask, 850))
  const fault = refused(rig, ben!)
  assert.match(
    fault.message,
    /the team lab for this day .*950 tokens of 1000 tokens used up.*begins anew at 2023-11-15T00:00:00Z/,
  )
  assert.equal(fault.status, 429)
})

test('time of the machines is used up by those who took it, and is there again the next day', async () => {
  const rig = new Rig()
  const caller = callerWith([gpuSeconds(3)])
  for (let at = 0; at < 3; at += 1) {
    const page = rig.treasury.open(rig.ask(caller))
    await page.close(served(page.ask, 10))
  }
  const fault = refused(rig, caller)
  assert.match(fault.message, /3 s of the machines of 3 s/)
  rig.dateMs += fault.retryAfterMs!
  assert.ok(rig.treasury.open(rig.ask(caller)) !== undefined)
})

test('what ends in the next span is used up there by nobody', async () => {
  const rig = new Rig()
  const caller = callerWith([tokens(1_000)])
  const page = rig.treasury.open(rig.ask(caller))
  rig.dateMs += 24 * 3_600_000
  await page.close(served(page.ask, 700))
  rig.treasury.open(rig.ask(caller))
  const [standing] = rig.treasury.standings()
  assert.deepEqual([standing?.spent], [0])
})

test('a gateway begins with what the ledger knows of the span', async () => {
  const ledger = new MemoryLedger()
  const before = new Rig({ ledger })
  const caller = callerWith([tokens(1_000)])
  const page = before.treasury.open(before.ask(caller))
  await page.close(served(page.ask, 800))
  const after = new Rig({ ledger })
  after.treasury.refusal(after.ask(caller))
  await after.world.settle()
  assert.equal(refused(after, caller).code, 'budget_exceeded')
})

test('a request that comes to nothing uses nothing up', () => {
  const rig = new Rig()
  const caller = callerWith([tokens(1_000)])
  for (let at = 0; at < 20; at += 1)
    void rig.treasury.open(rig.ask(caller)).fail(new Fault('queue-full', 'Too many wait.'))
  const [standing] = rig.treasury.standings()
  assert.deepEqual([standing?.spent, standing?.held], [0, 0])
})
