import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ask, Glance } from '../core/ask.ts'
import type { Event } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { Prefix } from '../core/prefix.ts'
import type { Outcome, Reply } from '../core/reply.ts'
import type { Serve } from '../core/serve.ts'
import type { World } from '../core/world.ts'
import { hooks } from './hooks.ts'
import { observe, Roster } from './observe.ts'
import { permit } from './permit.ts'

const caller = { id: 'chat-ui', weight: 1, priority: 'default', models: undefined, cloud: 'allowed' } as const

const ask = (over: Partial<Ask> = {}): Ask => ({
  id: 'a1',
  caller,
  dialect: 'openai-chat',
  model: 'm',
  stream: false,
  promptTokens: 10,
  outputTokensMax: undefined,
  needs: ['chat'],
  body: { model: 'm' },
  raw: Buffer.from('{"model":"m"}'),
  headers: [],
  priority: 'default',
  cloud: 'allowed',
  patienceMs: 1_000,
  arrivedAt: 0,
  signal: new AbortController().signal,
  ...over,
})

const outcome: Outcome = {
  usage: { promptTokens: 10, outputTokens: 5 },
  upstream: 'box',
  tier: 0,
  attempts: 1,
  waitMs: 0,
  firstTokenMs: 3,
  totalMs: 9,
  fault: undefined,
}

const replyWith = (how: Outcome): Reply => ({
  stream: false,
  upstream: 'box',
  decision: 'direct',
  body: (async function* () {})(),
  outcome: Promise.resolve(how),
})

const world = { now: () => 500 } as World
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

test('every ask is told of once at its arrival and once at its end, also when it is refused', async () => {
  const events: Event[] = []
  const layer = observe(world, (event) => void events.push(event))
  await layer(async () => replyWith(outcome))(ask())
  await settled()
  await assert.rejects(
    async () => {
      await layer(async () => {
        throw new Fault('queue-full', 'The queue is full.')
      })(ask({ id: 'a2' }))
    },
    { kind: 'queue-full' },
  )
  assert.deepEqual(
    events.map((event) => [event.type, 'ask' in event ? event.ask.id : '']),
    [
      ['ask-arrived', 'a1'],
      ['ask-settled', 'a1'],
      ['ask-arrived', 'a2'],
      ['ask-settled', 'a2'],
    ],
  )
  const last = events.at(-1)
  assert.ok(last?.type === 'ask-settled' && last.outcome.fault?.kind === 'queue-full' && last.outcome.totalMs === 500)
})

test('the roster follows an ask from the queue to a server, back after a failed try, and out', () => {
  const roster = new Roster()
  const it = ask()
  const where = (): (string | undefined)[] => roster.views(0).map(({ upstream }) => upstream ?? 'queue')
  roster.listen({ type: 'ask-arrived', ask: it })
  assert.deepEqual(where(), ['queue'])
  roster.listen({ type: 'ask-granted', ask: it, upstream: 'box', tier: 0, waitMs: 0, spilled: false })
  assert.deepEqual(where(), ['box'])
  roster.listen({
    type: 'attempt-failed',
    ask: it,
    upstream: 'box',
    midStream: false,
    kind: 'upstream-broke',
    reason: '',
  })
  assert.deepEqual(where(), ['queue'])
  roster.listen({ type: 'ask-settled', ask: { ...it }, outcome })
  assert.deepEqual(where(), [])
})

test('a caller is kept to its models, and one without a list has them all', async () => {
  const serve = permit(async () => replyWith(outcome))
  await serve(ask())
  const bound = { ...caller, models: new Set(['small']) }
  await serve(ask({ caller: bound, model: 'small' }))
  await assert.rejects(async () => serve(ask({ caller: bound, model: 'large' })), { kind: 'forbidden', status: 403 })
})

const neverThrown = (): void => assert.fail('a hook threw')

const glanceOf = (_: string, body: Readonly<Record<string, unknown>>): Glance => ({
  model: String(body['model']),
  stream: false,
  promptTokens: 99,
  outputTokensMax: undefined,
  needs: ['chat'],
})

test('a hook may change the request, and what is counted is what is sent', async () => {
  let seen: Ask | undefined
  const next: Serve = async (asked) => {
    seen = asked
    return replyWith(outcome)
  }
  const layer = hooks(
    { transformParams: (params) => ({ ...params, model: 'other' }) },
    { glanceOf, onThrow: neverThrown },
  )
  await layer(next)(ask())
  assert.equal(seen?.model, 'other')
  assert.equal(seen?.promptTokens, 99)
  assert.equal(seen?.raw, undefined)
})

test('the beginning of a prompt that a hook has changed is no longer known by what it was', async () => {
  const before: Prefix = { marks: Int32Array.of(1, 2), share: () => 1 }
  const after: Prefix = { marks: Int32Array.of(3), share: () => 1 }
  let seen: Ask | undefined
  const layer = hooks(
    { transformParams: (params) => ({ ...params, messages: [] }) },
    { glanceOf: (id, body) => ({ ...glanceOf(id, body), prefix: after }), onThrow: neverThrown },
  )
  await layer(async (asked) => {
    seen = asked
    return replyWith(outcome)
  })(ask({ prefix: before }))
  assert.equal(seen?.prefix, after)
})

test('a hook that changes nothing leaves the very bytes', async () => {
  const original = ask()
  let seen: Ask | undefined
  const layer = hooks({ transformParams: (params) => params }, { glanceOf, onThrow: neverThrown })
  await layer(async (asked) => {
    seen = asked
    return replyWith(outcome)
  })(original)
  assert.equal(seen, original)
})

test('onFinish hears of a good end, onError of a bad one, each once and with who it was', async () => {
  const heard: string[] = []
  const layer = hooks(
    {
      onFinish: (result, { id }) => void heard.push(`${id} finished with ${result.usage.outputTokens}`),
      onError: (error, { id, caller: who }) => void heard.push(`${id} of ${who} failed: ${error.kind}`),
    },
    { glanceOf, onThrow: neverThrown },
  )
  await layer(async () => replyWith(outcome))(ask())
  await layer(async () => replyWith({ ...outcome, fault: new Fault('upstream-broke', 'cut') }))(ask({ id: 'a2' }))
  await assert.rejects(layer(() => Promise.reject(new Fault('queue-full', 'full')))(ask({ id: 'a3' })))
  await settled()
  assert.deepEqual(heard.toSorted(), [
    'a1 finished with 5',
    'a2 of chat-ui failed: upstream-broke',
    'a3 of chat-ui failed: queue-full',
  ])
})

test('a hook that throws harms nobody and does not pass unseen', async () => {
  const thrown: unknown[] = []
  const onFinish = (): never => {
    throw new Error('mine')
  }
  const layer = hooks({ onFinish }, { glanceOf, onThrow: (error) => void thrown.push(error) })
  await layer(async () => replyWith(outcome))(ask())
  await settled()
  assert.equal(thrown.length, 1)
})
