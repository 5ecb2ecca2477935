import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { openAiCompatible } from '../../src/backends/openai-compatible.ts'
import type { Caller } from '../../src/core/ask.ts'
import type { Reply } from '../../src/core/reply.ts'
import type { CallerSettings, Settings, UpstreamSettings } from '../../src/core/settings.ts'
import type { Inbound } from '../../src/core/world.ts'
import { dialectById } from '../../src/dialects/index.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'
import { realWorld } from '../../src/http/world.ts'
import { answer, done, frame, textOf } from './scripted.ts'

const anyone: Caller = { id: 'anyone', weight: 1, priority: 'default', models: undefined, cloud: 'allowed' }

const upstream = (name: string, over: Partial<UpstreamSettings> = {}): UpstreamSettings => ({
  name,
  backend: openAiCompatible,
  origin: `http://${name}`,
  basePath: '',
  apiKey: undefined,
  tier: 0,
  concurrency: 1,
  serve: new Map([['m', 'm']]),
  context: new Map(),
  ...over,
})

const settingsWith = (upstreams: readonly UpstreamSettings[], over: Partial<Settings> = {}): Settings => ({
  upstreams,
  queue: { max: 10, patienceMs: 5_000 },
  callers: [],
  timeouts: { connectMs: 1_000, firstTokenMs: 60_000, gapMs: 60_000 },
  attemptsMax: 1,
  probeEveryMs: 10_000,
  ...over,
})

/** An answer under way: it has said a word, and says another and ends when the test wants it to. */
interface Running {
  readonly server: string
  readonly end: () => void
}

interface Scene {
  readonly gateway: Gateway
  readonly running: readonly Running[]
  /** Probes each server got. */
  readonly probes: ReadonlyMap<string, number>
  /** What servers list; `m` where nothing else is said. */
  readonly lists: Map<string, string>
  readonly ask: (model?: string) => Promise<Reply>
}

async function scene(t: TestContext, settings: Settings): Promise<Scene> {
  const running: Running[] = []
  const probes = new Map<string, number>()
  const lists = new Map<string, string>()
  const gateway = createGateway(settings, {
    world: {
      ...realWorld(),
      send: ({ origin, method }): Promise<Inbound> => {
        const server = new URL(origin).hostname
        if (server === 'mute') return new Promise(() => {})
        if (method === 'GET') {
          probes.set(server, (probes.get(server) ?? 0) + 1)
          return Promise.resolve(answer([JSON.stringify({ data: [{ id: lists.get(server) ?? 'm' }] })]))
        }
        const { promise, resolve } = Promise.withResolvers<void>()
        running.push({ server, end: resolve })
        const body = (async function* () {
          yield Buffer.from(frame({ content: 'first' }))
          await promise
          yield Buffer.from(frame({ content: ' last' }, 'stop') + done)
        })()
        return Promise.resolve({ status: 200, headers: {}, body })
      },
    },
  })
  await gateway.start()
  const gone = new AbortController()
  t.after(() => {
    gone.abort()
    return gateway.stop()
  })
  return {
    gateway,
    running,
    probes,
    lists,
    ask: (model = 'm') => {
      const body = { model, stream: true, messages: [{ role: 'user', content: 'Hi' }] }
      const dialect = dialectById('openai-chat')!
      return gateway.serve(gateway.ask({ dialect, body, caller: anyone, signal: gone.signal }))
    },
  }
}

async function heard(reply: Reply): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of reply.body) chunks.push(chunk)
  return textOf(chunks)
}

/** Time for all that can happen by itself to happen. */
const settle = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 5))

test('an answer under way is heard to its end although its server was taken out, and the next goes elsewhere', async (t) => {
  const { gateway, running, ask } = await scene(t, settingsWith([upstream('old')]))
  const before = await ask()
  const told = heard(before)
  await gateway.reload(settingsWith([upstream('new')]))
  const after = await ask()
  assert.deepEqual([before.upstream, after.upstream], ['old', 'new'])
  assert.deepEqual(
    gateway.fleet.models().map(({ name, upstreams }) => [name, upstreams]),
    [['m', ['new']]],
  )
  for (const { end } of running) end()
  assert.match(await told, /first.*last.*\[DONE\]/s)
  assert.match(await heard(after), /first.*last.*\[DONE\]/s)
  assert.deepEqual([(await before.outcome).fault, (await after.outcome).fault], [undefined, undefined])
})

test('a server that stays keeps what was learned of it, and its guests', async (t) => {
  const { gateway, running, ask } = await scene(t, settingsWith([upstream('box', { concurrency: 'auto' })]))
  const [box] = gateway.fleet.upstreams
  const place = box?.place('m')
  const reply = await ask()
  await gateway.reload(settingsWith([upstream('more'), upstream('box', { concurrency: 'auto', tier: 1, apiKey: 'k' })]))
  const [, kept] = gateway.fleet.upstreams
  assert.equal(kept, box)
  assert.equal(kept?.place('m'), place)
  assert.deepEqual([kept?.inFlight, kept?.up, kept?.settings.tier], [1, true, 1])
  assert.equal((await ask()).upstream, 'more')
  running[0]?.end()
  await heard(reply)
  assert.deepEqual([kept?.inFlight, place?.inFlight], [0, 0])
})

test('a new server that does not answer holds up nothing for longer than a moment', async (t) => {
  const { gateway, ask, running } = await scene(t, settingsWith([upstream('box')]))
  const startedAt = performance.now()
  await gateway.reload(settingsWith([upstream('other'), upstream('mute')]))
  assert.ok(performance.now() - startedAt < 2_500)
  const reply = await ask()
  assert.equal(reply.upstream, 'other')
  running[0]?.end()
  await heard(reply)
})

test('a server at another address is another server, whatever its name', async (t) => {
  const { gateway } = await scene(t, settingsWith([upstream('box')]))
  const [box] = gateway.fleet.upstreams
  await gateway.reload(settingsWith([upstream('box', { origin: 'http://elsewhere' })]))
  assert.notEqual(gateway.fleet.upstreams[0], box)
  assert.equal(gateway.fleet.upstreams[0]?.up, true)
})

test('who waits stays in line: a place that an earlier answer gives back is theirs, in their order', async (t) => {
  const { gateway, running, ask } = await scene(t, settingsWith([upstream('box')]))
  const first = await ask()
  const order: string[] = []
  const inTurn = async (name: string): Promise<string> => {
    const reply = await ask()
    order.push(name)
    return heard(reply)
  }
  const second = inTurn('second')
  await gateway.reload(settingsWith([upstream('box')], { probeEveryMs: 20_000 }))
  const third = inTurn('third')
  assert.equal(gateway.waiting, 2)
  for (let i = 0; i < 3; i += 1) {
    await settle()
    assert.equal(running.length, i + 1)
    running[i]?.end()
    if (i === 0) await heard(first)
  }
  await Promise.all([second, third])
  assert.deepEqual(order, ['second', 'third'])
})

test('more places are given out at once to those who wait for them', async (t) => {
  const { gateway, running, ask } = await scene(t, settingsWith([upstream('box')]))
  const replies = [ask(), ask(), ask()]
  await settle()
  assert.deepEqual([running.length, gateway.waiting], [1, 2])
  await gateway.reload(settingsWith([upstream('box', { concurrency: 3 })]))
  await Promise.all(replies)
  assert.deepEqual([running.length, gateway.waiting], [3, 0])
})

test('a model that moves to a new server is never unknown, and who waits for it moves along', async (t) => {
  const listing = { serve: undefined }
  const { gateway, running, lists, ask } = await scene(t, settingsWith([upstream('old', listing)]))
  lists.set('new', 'm')
  const first = await ask()
  const waiting = ask()
  await settle()
  const reloading = gateway.reload(settingsWith([upstream('new', listing)]))
  const meanwhile = ask()
  await reloading
  assert.equal((await waiting).upstream, 'new')
  running.find(({ server }) => server === 'new')?.end()
  await heard(await waiting)
  assert.equal((await meanwhile).upstream, 'new')
  running[0]?.end()
  await heard(first)
})

test('who waits for a model that nobody serves any more is told so', async (t) => {
  const { gateway, ask } = await scene(t, settingsWith([upstream('box')]))
  await ask()
  const waiting = ask()
  await settle()
  const other = upstream('box', { serve: new Map([['other', 'm']]) })
  const [refused] = await Promise.allSettled([waiting, gateway.reload(settingsWith([other]))])
  assert.equal((refused as PromiseRejectedResult).reason.kind, 'no-such-model')
})

test('keys, the length of the queue and patience are those of the new configuration', async (t) => {
  const callerWith = (id: string, key: string): CallerSettings => ({
    caller: { ...anyone, id },
    key,
    patienceMs: undefined,
  })
  const one = settingsWith([upstream('box')], { callers: [callerWith('a', 'key-a')] })
  const { gateway, ask } = await scene(t, one)
  assert.equal(gateway.identify('key-a').id, 'a')
  const queue = { max: 0, patienceMs: 60 }
  await gateway.reload(settingsWith([upstream('box')], { callers: [callerWith('b', 'key-b')], queue }))
  assert.equal(gateway.identify('key-b').id, 'b')
  assert.throws(() => gateway.identify('key-a'), { kind: 'unauthorized' })
  await ask()
  await assert.rejects(ask(), { kind: 'queue-full' })
  await gateway.reload(settingsWith([upstream('box')], { queue: { max: 5, patienceMs: 60 } }))
  assert.equal(gateway.identify(undefined).id, 'anonymous')
  await assert.rejects(ask(), { kind: 'patience-spent' })
})

test('the last configuration that was given stays, and nobody looks at servers that are not in it', async (t) => {
  const fast = { probeEveryMs: 10 }
  const { gateway, probes } = await scene(t, settingsWith([upstream('one')], fast))
  await Promise.all(['two', 'three', 'four'].map((name) => gateway.reload(settingsWith([upstream(name)], fast))))
  assert.deepEqual(
    gateway.fleet.upstreams.map(({ settings }) => settings.name),
    ['four'],
  )
  const counted = new Map(probes)
  await new Promise((resolve) => void setTimeout(resolve, 60))
  for (const name of ['one', 'two', 'three']) assert.equal(probes.get(name), counted.get(name), name)
  assert.ok(probes.get('four')! > counted.get('four')!)
  await gateway.stop()
  const last = probes.get('four')
  await new Promise((resolve) => void setTimeout(resolve, 40))
  assert.equal(probes.get('four'), last)
})
