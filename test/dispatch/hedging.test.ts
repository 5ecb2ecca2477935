import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '../../src/core/event.ts'
import type { Outbound } from '../../src/core/world.ts'
import { type Inbound, NetFault } from '../../src/core/world.ts'
import { usualHedge } from '../../src/core/settings.ts'
import { FakeWorld } from '../../src/fleet/fake-world.test-helper.ts'
import {
  type Act,
  answer,
  frame,
  readAll,
  rig,
  type Rig,
  type ScriptedServer,
  done,
  settled,
  silentAfter,
  textOf,
  usageFrame,
  wholeStream,
} from './scripted.ts'

const chat = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
const streamed = { ...chat, stream: true }

/** Answers at once until the test says otherwise. */
interface Server {
  act: Act
}

interface Stage {
  readonly on: Rig
  readonly world: FakeWorld
  readonly one: Server
  readonly other: Server
  readonly told: (type: Event['type']) => Event[]
}

const quick: Act = () => answer(wholeStream)
const wholeAnswer = { choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }] }

/** Silent until it is hung up on. */
const silent =
  (onHangUp?: () => void): Act =>
  (out) =>
    silentAfter([], out, onHangUp)

/** Two servers that have answered a hundred asks between them, so that they are known and two hedges are paid for. */
async function stage(
  more: { servers?: Record<string, ScriptedServer>; asks?: number; wordMs?: number } = {},
): Promise<Stage> {
  const { servers = {}, asks = 100, wordMs = 0 } = more
  const world = new FakeWorld()
  const spoken: Act = () => ({ status: 200, headers: {}, body: words(world, wordMs) })
  const [one, other]: Server[] = [{ act: spoken }, { act: spoken }]
  const scripted = (server: Server): ScriptedServer => ({
    kind: 'openai-compatible',
    act: (out) => server.act(out),
  })
  const on = rig({ one: scripted(one!), other: scripted(other!), ...servers }, { hedge: usualHedge }, world)
  for (let at = 0; at < asks; at += 2) {
    const heard = Promise.all([on.ask(streamed), on.ask(streamed)].map(async (reply) => readAll(await reply)))
    await world.advance(wordMs * 20)
    await heard
  }
  on.events.length = 0
  for (const heard of on.heard.values()) heard.length = 0
  return { on, world, one: one!, other: other!, told: (type) => on.events.filter((event) => event.type === type) }
}

/** Twelve words, and so long from each to the next. */
async function* words(world: FakeWorld, wordMs: number): AsyncGenerator<Uint8Array> {
  for (let word = 0; word < 12; word += 1) {
    if (wordMs > 0) await world.sleep(wordMs)
    yield Buffer.from(frame({ content: `w${word} ` }))
  }
  yield Buffer.from(frame({}, 'stop') + usageFrame(7, 12) + done)
}

const bodyOf = (out: Outbound | undefined): string => Buffer.from(out!.body!).toString()

test('when a server is silent for longer than it ever is, another answers, and the first is hung up on at once', async () => {
  const { on, world, one, told } = await stage()
  let hungUp = false
  one.act = silent(() => (hungUp = true))
  const asked = on.ask(streamed)
  await world.advance(50)
  assert.equal(on.heard.get('other')!.length, 0, 'not before it is late')
  await world.advance(200)
  const reply = await asked
  assert.equal(hungUp, true)
  assert.equal(reply.upstream, 'other')
  assert.match(textOf(await readAll(reply)), /"w0 "[^]*"w11 "[^]*\[DONE\]/)
  assert.equal(bodyOf(on.heard.get('one')![0]), bodyOf(on.heard.get('other')![0]))
  const outcome = await settled(reply, on)
  assert.deepEqual([outcome.upstream, outcome.fault, outcome.usage.outputTokens], ['other', undefined, 12])
  assert.equal(told('ask-hedged').length, 1)
  assert.deepEqual(
    told('hedge-ended').map((event) => event.type === 'hedge-ended' && [event.upstream, event.ending]),
    [['other', 'won']],
  )
  assert.equal(told('ask-settled').length, 1)
  assert.equal(told('attempt-failed').length, 0, 'that one was late is nobody’s failure')
})

test('when the first speaks after all, it is the second that is hung up on', async () => {
  const { on, world, one, other, told } = await stage()
  const speak = Promise.withResolvers<Inbound>()
  let hungUp = false
  one.act = () => speak.promise
  other.act = silent(() => (hungUp = true))
  const asked = on.ask(streamed)
  await world.advance(300)
  assert.equal(on.heard.get('other')!.length, 1)
  speak.resolve(answer(wholeStream))
  const reply = await asked
  assert.deepEqual([reply.upstream, hungUp], ['one', true])
  await readAll(reply)
  await settled(reply, on)
  assert.deepEqual(
    told('hedge-ended').map((event) => event.type === 'hedge-ended' && event.ending),
    ['lost'],
  )
})

test('the first fifty asks never have a second server, and of each hundred after them two may', async () => {
  const { on, world, one, told } = await stage({ asks: 48 })
  one.act = silent()
  const gone = new AbortController()
  const asked = [on.ask(streamed, { signal: gone.signal }), on.ask(streamed, { signal: gone.signal })]
  for (const each of asked) each.catch(() => {})
  await world.advance(10_000)
  assert.ok(told('ask-hedged').length <= 1)
  gone.abort()
  await world.settle()
})

test('with hedge: false nobody has a second server', async () => {
  const world = new FakeWorld()
  let act: Act = quick
  const box: ScriptedServer = { kind: 'openai-compatible', act: (out) => act(out) }
  const on = rig({ one: box, other: { kind: 'openai-compatible', act: quick } }, { hedge: undefined }, world)
  for (let at = 0; at < 100; at += 1)
    for (const reply of await Promise.all([on.ask(streamed), on.ask(streamed)])) await readAll(reply)
  const heard = on.heard.get('other')!.length
  act = silent()
  const gone = new AbortController()
  const asked = on.ask(streamed, { signal: gone.signal })
  asked.catch(() => {})
  // After a second it is given up, and tried elsewhere.
  await world.advance(900)
  gone.abort()
  await assert.rejects(asked, { kind: 'cancelled' })
  assert.equal(on.heard.get('other')!.length, heard)
})

test('when the first breaks while the second is asked, the second answers and the failure is told once', async () => {
  const { on, world, one, other, told } = await stage()
  const [breaks, speaks] = [Promise.withResolvers<Inbound>(), Promise.withResolvers<Inbound>()]
  one.act = () => breaks.promise
  other.act = () => speaks.promise
  const asked = on.ask(streamed)
  await world.advance(300)
  breaks.reject(new NetFault('reset', 'reset'))
  await world.settle()
  speaks.resolve(answer(wholeStream))
  const reply = await asked
  assert.equal(reply.upstream, 'other')
  await readAll(reply)
  await settled(reply, on)
  assert.deepEqual(
    told('attempt-failed').map((event) => event.type === 'attempt-failed' && event.upstream),
    ['one'],
  )
  assert.equal(on.heard.get('one')!.length, 1)
})

test('when the second breaks, the first is waited for as if there had been none', async () => {
  const { on, world, one, other, told } = await stage()
  const speaks = Promise.withResolvers<Inbound>()
  one.act = () => speaks.promise
  other.act = () => {
    throw new NetFault('refused', 'refused', { unsent: true })
  }
  const asked = on.ask(streamed)
  await world.advance(5_000)
  assert.equal(on.heard.get('other')!.length, 1, 'an ask has one second server')
  speaks.resolve(answer(wholeStream))
  const reply = await asked
  assert.equal(reply.upstream, 'one')
  await readAll(reply)
  await settled(reply, on)
  assert.deepEqual(
    told('hedge-ended').map((event) => event.type === 'hedge-ended' && event.ending),
    ['failed'],
  )
})

test('when both break, a third is tried and neither of them again', async () => {
  const third: ScriptedServer = { kind: 'openai-compatible', act: quick, tier: 1 }
  const { on, world, one, other, told } = await stage({ servers: { third } })
  const breaks = Promise.withResolvers<Inbound>()
  one.act = () => breaks.promise
  other.act = () => answer(['oops'], { status: 500 })
  const asked = on.ask(streamed)
  await world.advance(300)
  breaks.resolve(answer(['oops'], { status: 500 }))
  const reply = await asked
  assert.equal(reply.upstream, 'third')
  await readAll(reply)
  await settled(reply, on)
  assert.deepEqual([on.heard.get('one')!.length, on.heard.get('other')!.length], [1, 1])
  assert.equal(told('attempt-failed').length, 2)
})

test('a caller who goes takes both with him', async () => {
  const { on, world, one, other } = await stage()
  let hungUp = 0
  one.act = silent(() => (hungUp += 1))
  other.act = silent(() => (hungUp += 1))
  const gone = new AbortController()
  const asked = on.ask(streamed, { signal: gone.signal })
  await world.advance(300)
  gone.abort()
  await assert.rejects(asked, { kind: 'cancelled' })
  await world.settle()
  assert.equal(hungUp, 2)
  assert.deepEqual(
    on.gateway.fleet.upstreams.map(({ inFlight }) => inFlight),
    [0, 0],
  )
})

test('a fault of the caller found by the first is told though a second is asked', async () => {
  const { on, world, one, other } = await stage()
  const refuses = Promise.withResolvers<Inbound>()
  let hungUp = false
  one.act = () => refuses.promise
  other.act = silent(() => (hungUp = true))
  const asked = on.ask(streamed)
  await world.advance(300)
  refuses.resolve(answer(['{"error":{"message":"bad temperature"}}'], { status: 422 }))
  await assert.rejects(asked, { kind: 'upstream-refused' })
  assert.equal(hungUp, true)
})

for (const cloud of [false, true]) {
  test(`a server that costs money is ${cloud ? 'the second only if the operator says so' : 'never the second by itself'}`, async () => {
    const world = new FakeWorld()
    let act: Act = quick
    const home: ScriptedServer = { kind: 'openai-compatible', act: (out) => act(out), concurrency: 1 }
    const paid: ScriptedServer = { kind: 'openai-compatible', act: quick, tier: 1 }
    const on = rig({ home, paid }, { hedge: { ...usualHedge, cloud } }, world)
    for (let at = 0; at < 100; at += 1) {
      // With no patience the second of two goes out, so that both are known.
      const replies = await Promise.all([on.ask(streamed), on.ask(streamed, { patienceMs: 0 })])
      for (const reply of replies) await readAll(reply)
    }
    const heard = on.heard.get('paid')!.length
    assert.ok(heard > 0)
    act = silent()
    const gone = new AbortController()
    const asked = on.ask(streamed, { signal: gone.signal })
    asked.catch(() => {})
    await world.advance(900)
    assert.equal(on.heard.get('paid')!.length - heard, cloud ? 1 : 0)
    gone.abort()
    await world.settle()
  })
}

test('an answer in one piece is late only when the longest would be over', async () => {
  const act: Act = () => answer([JSON.stringify(wholeAnswer)])
  const { on, world, one, other } = await stage({ wordMs: 40 })
  one.act = silent()
  other.act = act
  const asked = on.ask({ ...chat, max_tokens: 100 })
  await world.advance(600)
  assert.equal(on.heard.get('other')!.length, 0)
  await world.advance(6_000)
  const reply = await asked
  assert.equal(reply.upstream, 'other')
  assert.match(textOf(await readAll(reply)), /Hello/)
  await settled(reply, on)
})

test('of an answer that is put together here, the first token decides, long before it is whole', async () => {
  const { on, world, one, other } = await stage()
  let hungUp = false
  one.act = silent(() => (hungUp = true))
  const rest = Promise.withResolvers<void>()
  other.act = () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      yield Buffer.from(frame({ role: 'assistant', content: 'Hel' }))
      await rest.promise
      for (const text of wholeStream.slice(2)) yield Buffer.from(text)
    })(),
  })
  const asked = on.ask({ ...chat, stream: false }, { dialect: 'ollama-chat' })
  await world.advance(500)
  assert.equal(hungUp, true)
  rest.resolve()
  const reply = await asked
  assert.equal(reply.upstream, 'other')
  assert.match(textOf(await readAll(reply)), /Hello/)
  await settled(reply, on)
})

test('a first that speaks and breaks at once leaves the second alone with the ask', async () => {
  const { on, world, one, other } = await stage()
  const [speaks, answers] = [Promise.withResolvers<void>(), Promise.withResolvers<Inbound>()]
  one.act = () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      await speaks.promise
      yield Buffer.from(frame({ role: 'assistant', content: 'Hel' }))
      throw new NetFault('reset', 'reset')
    })(),
  })
  other.act = () => answers.promise
  const asked = on.ask({ ...chat, stream: false }, { dialect: 'ollama-chat' })
  await world.advance(300)
  assert.equal(on.heard.get('other')!.length, 1)
  speaks.resolve()
  await world.settle()
  await world.advance(300)
  answers.resolve(answer(wholeStream))
  const reply = await asked
  assert.equal(reply.upstream, 'other')
  assert.match(textOf(await readAll(reply)), /Hello/)
  await settled(reply, on)
})

test('vectors have no second server', async () => {
  const { on, world, one } = await stage()
  one.act = silent()
  const gone = new AbortController()
  const asked = on.ask({ model: 'm', input: 'x' }, { dialect: 'openai-embeddings', signal: gone.signal })
  asked.catch(() => {})
  await world.advance(20_000)
  assert.equal(on.heard.get('other')!.length, 0)
  gone.abort()
  await world.settle()
})
