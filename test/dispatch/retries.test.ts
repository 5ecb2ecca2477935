import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Fault } from '../../src/core/fault.ts'
import { type Inbound, NetFault, type NetFaultKind } from '../../src/core/world.ts'
import { SimWorld } from '../../src/sim/world.ts'
import { answer, frame, readAll, type Rig, rig, type ScriptedServer, settled, textOf, wholeStream } from './scripted.ts'

const chat = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
const streamed = { ...chat, stream: true }

const serves = (): Inbound => answer(wholeStream)
const says =
  (status: number, body: string, headers: Record<string, string> = {}) =>
  (): Inbound =>
    answer([body], { status, headers })
const breaks =
  (kind: NetFaultKind, known: { unsent?: boolean; kept?: boolean } = {}) =>
  (): never => {
    throw new NetFault(kind, kind, known)
  }

const kind = 'openai-compatible'
const server = (act: ScriptedServer['act'], more: Partial<ScriptedServer> = {}): ScriptedServer => ({
  kind,
  act,
  ...more,
})

/** Does one thing first, and serves from then on. */
function once(act: () => Inbound, times = 1): () => Inbound {
  let left = times
  return () => (left-- > 0 ? act() : serves())
}

const asked = ({ heard }: Rig): Record<string, number> =>
  Object.fromEntries([...heard].map(([name, requests]) => [name, requests.length]))

const stateOf = ({ gateway }: Rig, name: string) =>
  gateway.fleet.upstreams.find(({ settings }) => settings.name === name)!

async function served(on: Rig, body: Record<string, unknown> = streamed): Promise<string> {
  const reply = await on.ask(body)
  await readAll(reply)
  return (await settled(reply, on)).upstream
}

test('a request that broke on a fresh connection is not sent to the same server again', async () => {
  const on = rig({ box: server(breaks('reset')) })
  await assert.rejects(on.ask(streamed), { kind: 'upstream-broke', status: 502, comeBackMs: 1_000 })
  assert.deepEqual(asked(on), { box: 1 })
})

test('one that broke on a kept connection is sent to the same server once more, and blames nobody', async () => {
  const on = rig({ box: server(once(breaks('reset', { kept: true }))) })
  assert.equal(await served(on), 'box')
  const never = rig({ box: server(breaks('reset', { kept: true })) })
  await assert.rejects(never.ask(streamed), { kind: 'upstream-broke' })
  assert.deepEqual([asked(on), asked(never)], [{ box: 2 }, { box: 2 }])
})

test('a server whose runner has died is asked again at once, and nothing is held against it', async () => {
  const gone = says(500, '{"error":"llama-server process no longer running: unknown "}')
  const whole = answer.bind(undefined, ['{"model":"m","message":{"role":"assistant","content":"Hi"},"done":true}'])
  let asks = 0
  const on = rig({ box: { kind: 'ollama', act: () => ((asks += 1) % 2 === 1 ? gone() : whole()) } })
  // Five in a row would be enough for a breaker.
  for (let i = 0; i < 6; i += 1) await settled(await on.ask({ ...chat, stream: false }, { dialect: 'ollama-chat' }), on)
  assert.deepEqual(asked(on), { box: 12 })
  const [place] = stateOf(on, 'box').places().values()
  assert.deepEqual([stateOf(on, 'box').breaker.state(0), place!.breaker.state(0)], ['closed', 'closed'])
})

test('one whose runner dies of it every time is given up', async () => {
  const gone = says(500, '{"error":"llama-server process no longer running: unknown "}')
  const on = rig({ box: { kind: 'ollama', act: gone } })
  await assert.rejects(on.ask(chat, { dialect: 'ollama-chat' }), { kind: 'upstream-broke' })
  assert.deepEqual(asked(on), { box: 2 })
})

test('what may have been run where it costs money is not run where it costs money again', async () => {
  for (const broken of [breaks('reset'), breaks('reset', { kept: true }), () => answer([])]) {
    const on = rig({ one: server(broken, { tier: 1 }), two: server(serves, { tier: 1 }) })
    await assert.rejects(on.ask(streamed), { kind: 'upstream-broke', status: 502 })
    assert.deepEqual(asked(on), { one: 1, two: 0 })
  }
})

test('what surely was not run is', async () => {
  const refusals = {
    'never left': breaks('reset', { unsent: true }),
    'nobody listens': breaks('refused', { unsent: true }),
    busy: says(429, '{"error":{"message":"slow down"}}'),
    overloaded: says(529, '{"error":{"message":"overloaded"}}'),
    failed: says(500, '{"error":{"message":"oops"}}'),
    'failed under a 200': () => answer(['data: {"error":{"message":"oops","code":500}}\n\n']),
  }
  for (const [what, act] of Object.entries(refusals)) {
    const on = rig({ one: server(act, { tier: 1 }), two: server(serves, { tier: 1 }) })
    assert.equal(await served(on), 'two', what)
  }
})

test('what was run at home for nothing may be run where it costs money', async () => {
  const on = rig({ home: server(breaks('reset')), cloud: server(serves, { tier: 1 }) })
  assert.equal(await served(on), 'cloud')
})

test('what broke in the cloud goes home, where it costs nothing, as soon as there is room', async () => {
  const world = new SimWorld(1)
  const busy = once(says(503, '{"error":"busy"}'))
  const on = rig(
    { home: server(busy), one: server(breaks('reset'), { tier: 1 }), two: server(serves, { tier: 1 }) },
    {},
    world,
  )
  assert.equal(await world.run(served(on)), 'home')
  assert.deepEqual(asked(on), { home: 2, one: 1, two: 0 })
})

for (const [what, headers] of Object.entries({
  seconds: { 'retry-after': '3' },
  milliseconds: { 'retry-after-ms': '3000' },
  'a date': { 'retry-after': new Date(Date.UTC(2026, 0, 1, 0, 0, 3)).toUTCString() },
})) {
  test(`a server that names a time in ${what} is asked again then and not before, without its breaker`, async () => {
    const world = new SimWorld(1)
    const on = rig({ box: server(once(says(429, '{"error":"later"}', headers))) }, {}, world)
    assert.equal(await world.run(served(on)), 'box')
    assert.ok(world.now() >= 3_000 && world.now() < 4_500, `${world.now()}`)
    assert.deepEqual(asked(on), { box: 2 })
    assert.equal(stateOf(on, 'box').breaker.state(world.now()), 'closed')
  })
}

test('a time beyond the patience of a caller is handed on at once', async () => {
  const world = new SimWorld(1)
  const on = rig({ box: server(says(429, '{"error":"later"}', { 'retry-after': '30' })) }, {}, world)
  await assert.rejects(world.run(on.ask(streamed)), ({ kind: what, status, comeBackMs }: Fault) => {
    assert.deepEqual([what, status], ['upstream-busy', 503])
    return comeBackMs! >= 30_000 && comeBackMs! <= 36_000
  })
  assert.ok(world.now() < 10)
  assert.deepEqual(asked(on), { box: 1 })
})

test('while a server is to be left alone nobody is sent there, and no longer than a minute', async () => {
  const world = new SimWorld(1)
  const later = says(429, '{"error":"later"}', { 'retry-after': '600' })
  const on = rig({ one: server(later), two: server(serves, { tier: 1 }) }, {}, world)
  for (let i = 0; i < 5; i += 1) assert.equal(await world.run(served(on)), 'two')
  assert.deepEqual(asked(on), { one: 1, two: 5 })
  await world.run(world.sleep(60_001))
  await world.run(served(on))
  assert.deepEqual(asked(on), { one: 2, two: 6 })
})

test('who is refused by every server waits his turn and is served, as long as he has patience', async () => {
  const world = new SimWorld(1)
  const busy = (): (() => Inbound) => once(says(503, '{"error":"busy"}'))
  const on = rig({ one: server(busy()), two: server(busy()) }, {}, world)
  await world.run(served(on))
  assert.equal(on.heard.get('one')!.length + on.heard.get('two')!.length, 3)
  assert.ok(world.now() >= 500 && world.now() < 2_000, `${world.now()}`)
})

test('a server that loads its model is asked until it has, and thought no less of', async () => {
  const world = new SimWorld(1)
  const loading = says(503, '{"error":{"message":"Loading model","type":"unavailable_error","code":503}}')
  const on = rig({ box: server(once(loading, 6)) }, {}, world)
  assert.equal(await world.run(served(on)), 'box')
  assert.ok(world.now() >= 3_000 && world.now() < 5_000, `${world.now()}`)
})

test('who has no patience left for that is told when to come back', async () => {
  const world = new SimWorld(1)
  const on = rig({ box: server(says(503, '{"error":{"message":"Loading model"}}')) }, {}, world)
  await assert.rejects(world.run(on.ask(streamed)), { kind: 'upstream-loading', status: 503, comeBackMs: 1_000 })
  assert.ok(world.now() > 4_000 && world.now() <= 5_100, `${world.now()}`)
})

test('another server is better than one that is loading', async () => {
  const loading = says(503, '{"error":{"message":"Loading model"}}')
  const on = rig({ one: server(loading), two: server(serves) })
  for (let i = 0; i < 3; i += 1) assert.equal(await served(on), 'two')
  assert.ok(on.heard.get('one')!.length <= 1)
})

const missing = says(404, '{"error":{"message":"The model `m` does not exist."}}')

test('a model that one server has not got is served by another, and the first is not asked for it again', async () => {
  const on = rig({ one: server(missing), two: server(serves) })
  for (let i = 0; i < 4; i += 1) assert.equal(await served(on), 'two')
  assert.equal(on.heard.get('one')!.length, 1)
  assert.equal(stateOf(on, 'one').breaker.state(0), 'closed')
})

test('only when nobody has it the caller hears that it is not there', async () => {
  const on = rig({ one: server(missing), two: server(missing) })
  await assert.rejects(on.ask(chat), { status: 404, code: 'model_not_found', message: /does not exist/ })
  await assert.rejects(on.ask(chat), { status: 404, code: 'model_not_found' })
  assert.deepEqual(asked(on), { one: 1, two: 1 })
  const half = rig({ one: server(missing), two: server(breaks('refused', { unsent: true })) })
  await assert.rejects(half.ask(chat), { status: 502 })
  const loading = says(503, '{"error":{"message":"Loading model"}}')
  const other = rig({ one: server(loading), two: server(missing) })
  await assert.rejects(other.ask(chat, { patienceMs: 300 }), { kind: 'upstream-loading' })
})

for (const [what, denies] of Object.entries({
  'our key is wrong': says(401, '{"error":{"message":"Incorrect API key: sk-123"}}'),
  'the quota is used up': says(429, '{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}'),
})) {
  test(`a server that says ${what} is left alone, with one loud word about it, and looked at now and then`, async () => {
    const world = new SimWorld(1)
    const on = rig({ one: server(denies), two: server(serves, { tier: 1 }) }, {}, world)
    for (let i = 0; i < 8; i += 1) assert.equal(await world.run(served(on)), 'two')
    assert.equal(on.heard.get('one')!.length, 1)
    const loud = on.events.filter((event) => event.type === 'notice' && event.level === 'error')
    assert.equal(loud.length, 1)
    assert.doesNotMatch(JSON.stringify(loud), /sk-123/)
    await world.run(world.sleep(5_001))
    await world.run(served(on))
    assert.equal(on.heard.get('one')!.length, 2)
    await world.run(world.sleep(5_001))
    await world.run(served(on))
    assert.equal(on.heard.get('one')!.length, 2)
  })
}

test('who has only that server hears so at once, and where it may not leave home it does not', async () => {
  const denies = says(401, '{"error":{"message":"no"}}')
  const on = rig(
    { home: server(denies), cloud: server(serves, { tier: 1 }) },
    { models: new Map([['m', { cloud: 'never' }]]) },
  )
  await assert.rejects(on.ask(chat), { kind: 'upstream-denied', status: 502 })
  await assert.rejects(on.ask(chat), { kind: 'no-upstream', status: 503, message: /home turned the gateway away/ })
  assert.deepEqual(asked(on), { home: 1, cloud: 0 })
})

test('nobody is led elsewhere by a server', async () => {
  const on = rig({ box: server(says(302, '', { location: 'http://169.254.169.254/latest' })) })
  await assert.rejects(on.ask(chat), { kind: 'upstream-denied', status: 502, message: /does not follow/ })
  assert.deepEqual(asked(on), { box: 1 })
})

test('no page for a browser reaches a caller', async () => {
  const page = '<html><head><title>502 Bad Gateway</title></head><body>nginx/1.24 on box-7.internal</body></html>'
  for (const status of [404, 500, 502]) {
    const on = rig({ box: server(says(status, page)) })
    await assert.rejects(on.ask(chat), ({ message }: Error) => !/html|nginx|internal/.test(message))
  }
})

test('a server that greets and then says it is overloaded has not begun: another serves, and only its greeting is heard', async () => {
  const greeting = frame({ role: 'assistant', content: '' })
  const overloaded = 'data: {"error":{"message":"Overloaded","type":"overloaded_error"}}\n\n'
  const on = rig({ one: server(() => answer([greeting, overloaded])), two: server(serves, { tier: 1 }) })
  const text = textOf(await readAll(await on.ask(streamed)))
  assert.equal(text.match(/"role":"assistant"/g)?.length, 1)
  assert.match(text, /"Hel"[^]*"lo"[^]*\[DONE\]/)
  assert.deepEqual(stateOf(on, 'one').breaker.state(0), 'closed')
})

test('after the deadline nothing is tried any more: it would be of no use', async () => {
  const world = new SimWorld(1)
  const slow = async (): Promise<Inbound> => {
    await world.sleep(2_000)
    throw new NetFault('reset', 'reset')
  }
  const on = rig(
    { one: server(slow), two: server(slow) },
    { queue: { max: 10, patienceMs: 5_000, deadlineMs: 1_500 } },
    world,
  )
  await assert.rejects(world.run(on.ask(streamed)), { kind: 'upstream-broke' })
  assert.equal(on.heard.get('one')!.length + on.heard.get('two')!.length, 1)
})

test('when all break at once, few are tried again at a time, and all are in the end', async () => {
  const world = new SimWorld(1)
  let alive = 0
  let most = 0
  const good = async (): Promise<Inbound> => {
    alive += 1
    most = Math.max(most, alive)
    await world.sleep(100)
    alive -= 1
    return serves()
  }
  const bad = async (): Promise<Inbound> => {
    await world.sleep(50)
    throw new NetFault('reset', 'reset')
  }
  const on = rig(
    { bad: server(bad, { concurrency: 20 }), good: server(good, { concurrency: 100, tier: 1 }) },
    { queue: { max: 100, patienceMs: 5_000 } },
    world,
  )
  const all = Array.from({ length: 20 }, () => served20(on))
  assert.deepEqual(
    await world.run(Promise.all(all)),
    Array.from({ length: 20 }, () => 'good'),
  )
  assert.ok(most <= 4, `${most} at once`)
})

test('who has nowhere else to go takes nothing from those who have', async () => {
  const world = new SimWorld(1)
  const on = rig({ box: server(breaks('reset')) }, {}, world)
  for (let i = 0; i < 5; i += 1) await assert.rejects(world.run(on.ask(streamed)), { kind: 'upstream-broke' })
  assert.ok(world.now() < 1_000, `${world.now()}`)
})

async function served20(on: Rig): Promise<string> {
  const reply = await on.ask(streamed)
  await readAll(reply)
  return (await reply.outcome).upstream
}
