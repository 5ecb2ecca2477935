import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Limits } from '../core/allowance.ts'
import type { Ask, Caller } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import type { Outcome, Reply } from '../core/reply.ts'
import { Callers } from '../keys/callers.ts'
import { limits } from './limits.ts'

const nameless = { weight: 1, priority: 'default', models: undefined, cloud: 'allowed' } as const

const callerWith = (its: Limits | undefined, over: Partial<Caller> = {}): Caller => ({
  id: 'chat-ui',
  ...nameless,
  limits: its,
  ...over,
})

const askOf = (caller: Caller, over: Partial<Ask> = {}): Ask => ({
  id: 'a1',
  caller,
  dialect: 'openai-chat',
  model: 'm',
  stream: false,
  promptTokens: 100,
  outputTokensMax: 50,
  needs: ['chat'],
  body: { model: 'm' },
  raw: undefined,
  headers: [],
  priority: 'default',
  cloud: 'allowed',
  patienceMs: 1_000,
  arrivedAt: 0,
  signal: new AbortController().signal,
  ...over,
})

/** The layer on a clock that a test moves, over a server that answers when it is told to. */
const noDate = { epochMs: () => 0 }

class Rig {
  nowMs = 5_000
  /** Ends the answers under way, in the order in which they began. */
  readonly ends: ((outputTokens: number) => Promise<void>)[] = []
  reached = 0
  fault: Fault | undefined
  /** When an ask is expected to end, by its id. */
  readonly expected = new Map<string, number>()
  readonly #clock = { now: () => this.nowMs, epochMs: () => 1_700_000_000_000 + this.nowMs }
  readonly #serve = limits(this.#clock, ({ id }) => this.expected.get(id))((ask) => {
    this.reached += 1
    return this.fault === undefined ? Promise.resolve(this.#reply(ask)) : Promise.reject(this.fault)
  })

  ask(caller: Caller, over: Partial<Ask> = {}): Promise<Reply> {
    return this.#serve(askOf(caller, over))
  }

  async refused(caller: Caller, over: Partial<Ask> = {}): Promise<Fault> {
    const { reached } = this
    const fault = await this.ask(caller, over).then(
      () => assert.fail('It was let in.'),
      (error: unknown) => error,
    )
    assert.ok(fault instanceof Fault)
    assert.equal(this.reached, reached, 'It went on to a server.')
    return fault
  }

  #reply({ promptTokens }: Ask): Reply {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const rest = { upstream: 'box', tier: 0, attempts: 1, waitMs: 0, firstTokenMs: 1, totalMs: 1, fault: undefined }
    this.ends.push(async (outputTokens) => {
      resolve({ usage: { promptTokens, outputTokens }, ...rest })
      await promise
    })
    return { stream: false, upstream: 'box', decision: 'direct', body: (async function* () {})(), outcome: promise }
  }
}

test('a caller without limits is not counted, and told nothing of them', async () => {
  const rig = new Rig()
  for (let at = 0; at < 50; at += 1) assert.equal('allowances' in (await rig.ask(callerWith(undefined))), false)
})

test('a minute’s worth of requests may come at once; the next is told when, and then let in', async () => {
  const rig = new Rig()
  const caller = callerWith({ requestsPerMinute: 3 })
  const left: (number | undefined)[] = []
  for (let at = 0; at < 3; at += 1) left.push((await rig.ask(caller)).allowances?.requests?.remaining)
  assert.deepEqual(left, [2, 1, 0])
  const { kind, status, code, retryAfterMs, message, allowances } = await rig.refused(caller)
  assert.deepEqual([kind, status, code, retryAfterMs], ['rate-limited', 429, 'rate_limit_exceeded', 20_000])
  assert.match(message, /chat-ui may use 3 requests a minute/)
  assert.deepEqual(allowances, {
    requests: { limit: 3, remaining: 0, resetMs: 60_000, resetEpochMs: 1_700_000_065_000 },
    tokens: undefined,
  })
  rig.nowMs += 19_999
  assert.equal((await rig.refused(caller)).retryAfterMs, 1)
  rig.nowMs += 1
  await rig.ask(caller)
})

test('tokens are taken as they are likely and set right by what was used, both ways', async () => {
  const rig = new Rig()
  const caller = callerWith({ tokensPerMinute: 1_000 })
  const remaining = async (): Promise<number | undefined> =>
    (await rig.ask(caller, { promptTokens: 0, outputTokensMax: 0 })).allowances?.tokens?.remaining
  await rig.ask(caller)
  assert.equal(await remaining(), 850)
  await rig.ends[0]!(10)
  assert.equal(await remaining(), 890)
  await rig.ask(caller, { outputTokensMax: undefined })
  assert.equal(await remaining(), 890 - 100 - 256)
  await rig.ends.at(-2)!(1_290)
  // 500 are owed, and the prompt has to flow back besides.
  const { retryAfterMs, message } = await rig.refused(caller, { outputTokensMax: 0 })
  assert.equal(retryAfterMs, 36_000)
  assert.match(message, /may use 1000 tokens a minute, and has: ask again in 36 s/)
})

test('a request larger than any minute’s worth is refused for good, and one whose answer may be is not', async () => {
  const rig = new Rig()
  const caller = callerWith({ tokensPerMinute: 120 })
  const { kind, message } = await rig.refused(caller, { promptTokens: 121 })
  assert.equal(kind, 'too-large')
  assert.match(message, /about 121 tokens, and the caller chat-ui may use 120 a minute/)
  assert.equal((await rig.ask(caller, { promptTokens: 120 })).allowances?.tokens?.remaining, 0)
})

test('vectors have no answer to be reckoned with', async () => {
  const caller = callerWith({ tokensPerMinute: 1_000 })
  const { allowances } = await new Rig().ask(caller, { needs: ['vectors'], outputTokensMax: undefined })
  assert.equal(allowances?.tokens?.remaining, 900)
})

test('requests at once are those under way: one that ends, or fails, makes room', async () => {
  const rig = new Rig()
  const caller = callerWith({ concurrent: 2 })
  await rig.ask(caller)
  await rig.ask(caller)
  assert.match((await rig.refused(caller)).message, /may have 2 requests under way at once/)
  await rig.ends[0]!(1)
  rig.fault = new Fault('no-upstream', 'Nobody is there.')
  for (let at = 0; at < 3; at += 1) await assert.rejects(rig.ask(caller), { kind: 'no-upstream' })
  rig.fault = undefined
  await rig.ask(caller)
})

test('who has as many under way as he may is told when the first of them is expected to end', async () => {
  const rig = new Rig()
  const caller = callerWith({ concurrent: 2 })
  await rig.ask(caller, { id: 'slow' })
  await rig.ask(caller, { id: 'quick' })
  const told = async (): Promise<number | undefined> => (await rig.refused(caller)).retryAfterMs
  assert.equal(await told(), 1_000, 'nobody knows')
  rig.expected.set('slow', rig.nowMs + 9_000.5)
  assert.equal(await told(), 1_000, 'of one nobody knows')
  rig.expected.set('quick', rig.nowMs + 3_000)
  assert.equal(await told(), 3_000)
  await rig.ends[1]!(1)
  await rig.ask(caller, { id: 'third' })
  rig.expected.set('third', rig.nowMs + 700_000)
  assert.equal(await told(), 9_001)
  await rig.ends[0]!(1)
  await rig.ask(caller, { id: 'fourth' })
  rig.expected.set('fourth', rig.nowMs + 800_000)
  assert.equal(await told(), 60_000, 'no longer than a minute')
  rig.expected.set('fourth', rig.nowMs + 3)
  assert.equal(await told(), 100)
  rig.nowMs += 4
  assert.equal(await told(), 1_000, 'it is overdue')
})

test('a burst is what may come at once, and one that is larger waits for all to flow back', async () => {
  const rig = new Rig()
  const caller = callerWith({ requestsPerMinute: 60, tokensPerMinute: 6_000, burstMs: 5_000 })
  const { allowances } = await rig.ask(caller)
  assert.deepEqual([allowances?.requests?.limit, allowances?.requests?.remaining], [5, 4])
  assert.deepEqual([allowances?.tokens?.limit, allowances?.tokens?.remaining], [500, 350])
  const large = { promptTokens: 4_000, outputTokensMax: 0 }
  const { retryAfterMs } = await rig.refused(caller, large)
  assert.equal(retryAfterMs, 1_500)
  rig.nowMs += 1_500
  await rig.ask(caller, large)
  assert.equal((await rig.refused(caller)).retryAfterMs, 36_500)
  assert.equal((await rig.refused(caller, { promptTokens: 6_001 })).kind, 'too-large')
})

test('an ask that was served by nobody costs no tokens, and is told where it stands if it is to come back', async () => {
  const rig = new Rig()
  const caller = callerWith({ tokensPerMinute: 1_000, requestsPerMinute: 10 })
  rig.fault = new Fault('queue-full', 'The queue is full.', { retryAfterMs: 700 })
  const fault: unknown = await rig.ask(caller).catch((error: unknown) => error)
  assert.ok(fault instanceof Fault)
  assert.deepEqual([fault.kind, fault.retryAfterMs], ['queue-full', 700])
  assert.deepEqual([fault.allowances?.tokens?.remaining, fault.allowances?.requests?.remaining], [1_000, 9])
})

test('one caller’s thirst is not another’s, and new settings change the limit but not what was used', async () => {
  const rig = new Rig()
  const caller = callerWith({ requestsPerMinute: 1 })
  await rig.ask(caller)
  await rig.refused(caller)
  await rig.ask({ ...caller, id: 'other' })
  const { retryAfterMs } = await rig.refused(callerWith({ requestsPerMinute: 60 }))
  assert.equal(retryAfterMs, 1_000)
})

test('the anonymous are told apart by their address, and those beyond ten thousand forget the first', async () => {
  const rig = new Rig()
  const callers = new Callers({ callers: [], anonymousLimits: { requestsPerMinute: 1 } }, { clock: noDate })
  const from = (address: string): Caller => callers.identify(undefined, address)
  await rig.ask(from('10.0.0.1'))
  await rig.ask(from('10.0.0.2'))
  await rig.refused(from('10.0.0.1'))
  for (let at = 0; at < 9_999; at += 1) await rig.ask(from(`fd00:0:${at.toString(16)}::1`))
  await rig.refused(from('10.0.0.1'))
  await rig.ask(from('10.0.0.2'))
  assert.equal(new Callers({ callers: [] }, { clock: noDate }).identify(undefined, '10.0.0.1').address, undefined)
})
