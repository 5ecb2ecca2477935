import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ask } from '../core/ask.ts'
import type { Fault } from '../core/fault.ts'
import type { Hold } from '../core/purse.ts'
import type { Outcome } from '../core/reply.ts'
import type { AskPurse } from './purse.ts'
import { callerWith, cloud, dearPrice, dollars, Rig } from './rig.test-helper.ts'

type Asked = Ask & { readonly purse: AskPurse }

const hold = (ask: Asked): Promise<Hold | undefined> => ask.purse.hold(ask, cloud)
const affords = (ask: Asked): boolean => ask.purse.affords(ask, cloud)
const refusal = (ask: Asked): Fault => {
  const fault = ask.purse.refusal(ask, cloud)
  assert.ok(fault !== undefined, 'It can be paid for.')
  return fault
}

const ended = (ask: Ask, over: Partial<Outcome> = {}): Outcome => ({
  usage: { promptTokens: ask.promptTokens, outputTokens: 10 },
  upstream: 'cloud',
  tier: 1,
  attempts: 1,
  waitMs: 0,
  firstTokenMs: 5,
  totalMs: 10,
  fault: undefined,
  ...over,
})

/** One cent is what a thousand tokens of answer cost: with the prompt it is a little more. */
const cent = 0.01

test('five hundred who ask at once for money that is enough for ten are ten who get it', async () => {
  const rig = new Rig()
  // The prompt is taken for 189 tokens; with a thousand of answer, that is $0.010189 each.
  const caller = callerWith([dollars(10 * 0.010189)], { clamp: false })
  const holds = await Promise.all(
    Array.from({ length: 500 }, () => hold(rig.ask(caller, { clamp: false }))).map((holding) =>
      Promise.race([holding, rig.world.advance(3_000).then(() => holding)]),
    ),
  )
  assert.equal(holds.filter((held) => held !== undefined).length, 10)
  assert.equal(rig.ledger.open.length, 10)
})

test('a caller, its team, the server and the gateway all have to have the money', async () => {
  const team = { name: 'lab', budgets: [dollars(5)] }
  for (const short of ['caller', 'team', 'upstream', 'gateway']) {
    const of = (whose: string) => [dollars(whose === short ? 0.0001 : 5)]
    const rig = new Rig({ budgets: of('gateway'), upstreamBudgets: of('upstream') })
    const ask = rig.ask(callerWith(of('caller'), { team: { ...team, budgets: of('team') } }))
    assert.equal(await hold(ask), undefined, short)
    assert.match(refusal(ask).message, new RegExp(short === 'upstream' ? 'the upstream cloud' : short))
  }
})

test('without any budget there is nothing that could be spent, and what is tried is taken down all the same', async () => {
  const rig = new Rig()
  const ask = rig.ask(callerWith([]))
  assert.ok((await hold(ask)) !== undefined)
  assert.deepEqual(
    rig.ledger.open.map(({ requestId, accounts }) => [requestId, accounts]),
    [[ask.id, []]],
  )
})

test('a model without a price is closed where money is bounded, for everybody, and says how to open it', async () => {
  const rig = new Rig({ prices: new Map(), budgets: [dollars(5)] })
  const ask = rig.ask(callerWith([]))
  assert.equal(affords(ask), false)
  assert.equal(await hold(ask), undefined)
  assert.equal(refusal(ask).status, 503)
  assert.match(refusal(ask).message, /prices: \{ "big"/)
})

test('where nothing bounds what is spent, a model without a price is open, and its answers are as long as they like', async () => {
  const rig = new Rig({ prices: new Map(), outputTokensMost: undefined })
  const held = await hold(rig.ask(callerWith([]), { outputTokensMax: undefined }))
  assert.equal(held?.outputTokensMax, Infinity)
  // Somebody with a budget of his own is kept to it.
  const bounded = rig.ask(callerWith([dollars(5)]))
  assert.equal(affords(bounded), false)
  const each = new Rig({ prices: new Map(), requestMostNano: 1_000_000_000 })
  assert.equal(affords(each.ask(callerWith([]))), false)
})

test('a price of nothing is a price, and a budget of nothing pays for it', async () => {
  const rig = new Rig({ prices: new Map([['big', { input: 0, output: 0, source: 'config' }]]) })
  assert.ok((await hold(rig.ask(callerWith([dollars(0)])))) !== undefined)
})

test('a closed cloud and a switched-off one say no, and open again', () => {
  const closed = new Rig({ cloudOpen: false })
  assert.equal(refusal(closed.ask(callerWith([]))).code, 'no_upstream_available')
  const rig = new Rig()
  const ask = rig.ask(callerWith([]))
  rig.treasury.setCloud(false)
  assert.equal(affords(ask), false)
  rig.treasury.setCloud(true)
  assert.equal(affords(ask), true)
})

test('a ledger in trouble closes the cloud with a status of its own', async () => {
  const rig = new Rig()
  const ask = rig.ask(callerWith([]))
  rig.ledger.trouble = 'the disk is full.'
  assert.equal(affords(ask), false)
  assert.equal(await hold(ask), undefined)
  const { status, code, message } = refusal(ask)
  assert.deepEqual([status, code], [503, 'ledger_unavailable'])
  assert.match(message, /the disk is full/)
})

test('what one request may cost at most bounds its answer, and turns away a prompt that is too long', async () => {
  const rig = new Rig({ requestMostNano: 5_000_000 })
  const held = await hold(rig.ask(callerWith([])))
  assert.ok(held !== undefined)
  assert.equal(held.outputTokensMax, Math.floor((5_000_000 - 189 * 1_000) / 10_000))
  const long = rig.ask(callerWith([]), { promptTokens: 100_000 })
  assert.equal(refusal(long).status, 413)
})

test('what one request may cost at most does not shorten one that costs less', async () => {
  const rig = new Rig({ requestMostNano: 100_000_000 })
  const held = await hold(rig.ask(callerWith([dollars(5)]), { outputTokensMax: 9_000 }))
  assert.equal(held?.outputTokensMax, 9_000)
})

test('a ledger that does not answer is told as such, and not as a budget that is spent', async () => {
  const rig = new Rig()
  const ask = rig.ask(callerWith([dollars(5)]))
  rig.ledger.hold = () => Promise.reject(new Error('It takes too long.'))
  assert.equal(await hold(ask), undefined)
  assert.equal(refusal(ask).code, 'ledger_unavailable')
})

test('where eight like it could be paid for, nothing is cut', async () => {
  const rig = new Rig()
  const held = await hold(rig.ask(callerWith([dollars(8 * 0.32 + 0.01)]), { outputTokensMax: 32_000 }))
  assert.equal(held?.outputTokensMax, 32_000)
})

test('an agent that allows itself 32000 tokens leaves most of a small budget to others', async () => {
  const rig = new Rig()
  const caller = callerWith([dollars(0.5)])
  const agents = await Promise.all(Array.from({ length: 8 }, () => hold(rig.ask(caller, { outputTokensMax: 32_000 }))))
  assert.deepEqual(
    agents.map((held) => held?.outputTokensMax !== undefined && held.outputTokensMax >= 4_096),
    Array(8).fill(true),
  )
})

test('the last of a budget is a shorter answer, and no answer of a word or two', async () => {
  const rig = new Rig()
  const caller = callerWith([dollars(0.000189 + 100 * 0.00001)])
  const ask = rig.ask(caller)
  assert.equal((await hold(ask))?.outputTokensMax, 100)
  const poor = new Rig()
  assert.equal(await hold(poor.ask(callerWith([dollars(0.000189 + 63 * 0.00001)]))), undefined)
})

test('whoever will not be cut is refused where the money is not enough for all', async () => {
  const rig = new Rig()
  const caller = callerWith([dollars(0.005)])
  assert.equal(await hold(rig.ask(caller, { clamp: false })), undefined)
  assert.equal(await hold(rig.ask({ ...caller, clamp: false }, { clamp: false })), undefined)
  assert.ok((await hold(rig.ask(caller))) !== undefined)
})

test('four answers at once are paid for four times', async () => {
  const rig = new Rig()
  await hold(rig.ask(callerWith([]), { answers: 4 }))
  assert.equal(rig.ledger.open[0]?.nano, 189 * 1_000 + 4 * 1_000 * 10_000)
})

test('an explicit zero of tokens is held as nothing, and a limit that is not given as the usual one', async () => {
  const rig = new Rig()
  await hold(rig.ask(callerWith([]), { outputTokensMax: 0 }))
  await hold(rig.ask(callerWith([]), { outputTokensMax: undefined }))
  assert.deepEqual(
    rig.ledger.open.map(({ nano }) => nano),
    [189_000, 189_000 + 8_192 * 10_000],
  )
})

test('a spent budget says whose it is and when it begins anew, and one that is only set aside says to come back soon', async () => {
  const rig = new Rig()
  const caller = callerWith([dollars(cent * 1.05)])
  const first = rig.ask(caller)
  const held = await hold(first)
  const waiting = rig.ask(caller)
  assert.deepEqual([refusal(waiting).retryAfterMs, refusal(waiting).status], [1_000, 429])
  assert.match(refusal(waiting).message, /is not spent/)
  held?.end({ promptTokens: 100, outputTokens: 1_020 })
  void rig.treasury.open(first).close(ended(first))
  const fault = refusal(waiting)
  assert.deepEqual([fault.code, fault.status], ['budget_exceeded', 429])
  const midnight = Date.parse('2023-11-15T00:00:00Z')
  assert.equal(fault.retryAfterMs, midnight - rig.world.epochMs())
  assert.match(fault.message, /the caller ann for this day .*2023-11-15T00:00:00Z/)
})

test('who waits for money hears of it when an answer ends that had it', async () => {
  const rig = new Rig()
  const caller = callerWith([dollars(cent * 1.05)])
  const first = rig.ask(caller)
  const page = rig.treasury.open(first)
  const held = await hold(first)
  let told = 0
  rig.treasury.onRoom(() => (told += 1))
  const second = rig.ask(caller)
  assert.equal(affords(second), false)
  held?.end({ promptTokens: 100, outputTokens: 10 })
  void page.close(ended(first))
  await rig.world.advance(30)
  assert.equal(told, 1)
  assert.equal(affords(second), true)
})

test('a try that has its place waits a moment for money that others have', async () => {
  const rig = new Rig()
  const caller = callerWith([dollars(cent * 1.05)])
  const first = rig.ask(caller)
  const page = rig.treasury.open(first)
  const held = await hold(first)
  const second = hold(rig.ask(caller))
  await rig.world.advance(500)
  held?.end(undefined)
  void page.close(ended(first))
  await rig.world.advance(100)
  assert.ok((await second) !== undefined)
})

test('a new day has all its money again, and a clock that is set back does not bring the old one back', async () => {
  const rig = new Rig()
  const caller = callerWith([dollars(cent * 1.05)])
  const spend = async (): Promise<Hold | undefined> => {
    const ask = rig.ask(caller)
    const page = rig.treasury.open(ask)
    const held = hold(ask)
    await rig.world.advance(3_000)
    const got = await held
    got?.end({ promptTokens: 100, outputTokens: 1_020 })
    void page.close(ended(ask))
    return got
  }
  assert.ok((await spend()) !== undefined)
  assert.equal(await spend(), undefined)
  rig.dateMs += 24 * 3_600_000
  assert.ok((await spend()) !== undefined)
  rig.dateMs -= 24 * 3_600_000
  assert.equal(await spend(), undefined)
  rig.dateMs -= 30 * 24 * 3_600_000
  assert.equal(await spend(), undefined)
})

test('what another gateway spends of the same budget is seen within a second', async () => {
  const rig = new Rig()
  const other = new Rig({ ledger: rig.ledger })
  const caller = callerWith([dollars(cent * 1.05)])
  const mine = rig.ask(caller)
  assert.equal(affords(mine), true)
  await rig.world.advance(1_100)
  await hold(other.ask(caller))
  assert.equal(affords(mine), true)
  await rig.world.settle()
  assert.equal(affords(mine), false)
})

test('a count that cannot be one is charged as what was seen, and an odd one as it is, with a word of warning', async () => {
  const rig = new Rig()
  const caller = callerWith([])
  const charged = async (seen: number, counted: { promptTokens: number; outputTokens: number }): Promise<unknown> => {
    const ask = rig.ask(caller)
    const page = rig.treasury.open(ask)
    const held = await hold(ask)
    held?.sent()
    held?.heard({ promptTokens: 100, outputTokens: seen, estimated: true })
    held?.end(counted)
    await page.close(ended(ask))
    const { inputTokens, outputTokens, estimated } = rig.ledger.entries.at(-1)!.tries[0]!
    return [inputTokens, outputTokens, estimated]
  }
  assert.deepEqual(await charged(7, { promptTokens: 90, outputTokens: 8 }), [90, 8, false])
  assert.deepEqual(await charged(7, { promptTokens: 0, outputTokens: 0 }), [0, 0, false])
  for (const bad of [-1, Infinity, NaN, 0.5, 1e15])
    assert.deepEqual(await charged(7, { promptTokens: 90, outputTokens: bad }), [100, 7, true])
  assert.equal(rig.events.filter(({ type }) => type === 'notice').length, 1)
  const odd = new Rig()
  const ask = odd.ask(caller)
  const held = await hold(ask)
  held?.end({ promptTokens: 5_000, outputTokens: 1 })
  await odd.treasury.open(ask).close(ended(ask))
  assert.equal(odd.ledger.entries[0]?.nano, 5_000 * 1_000 + 10_000)
  assert.match(JSON.stringify(odd.events), /counted 5000 tokens in a prompt that has about 100/)
})

test('how a budget of the configuration stands is known however long nobody has asked', async () => {
  const rig = new Rig({ budgets: [dollars(5)] })
  const ask = rig.ask(callerWith([]))
  const page = rig.treasury.open(ask)
  const held = await hold(ask)
  held?.end({ promptTokens: 100, outputTokens: 1_000 })
  await page.close(ended(ask))
  for (let minutes = 0; minutes < 5; minutes += 1) {
    await rig.world.advance(90_000)
    assert.deepEqual(
      rig.treasury.standings().map(({ account, spent }) => [account, spent]),
      [['gateway/day', 100 * 1_000 + 1_000 * 10_000]],
    )
    await rig.world.settle()
  }
})

test('prompts that are counted longer than guessed are held for more the next time', async () => {
  const rig = new Rig()
  const caller = callerWith([])
  const first = rig.ask(caller)
  const page = rig.treasury.open(first)
  const held = await hold(first)
  held?.end({ promptTokens: 300, outputTokens: 1_000 })
  await page.close(ended(first))
  await hold(rig.ask(caller))
  const nano = rig.ledger.open[0]!.nano - (1_000 * dearPrice.output) / 1_000
  assert.ok(nano >= 300 * 1_000, `${nano}`)
})
