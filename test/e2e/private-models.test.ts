/** A model that is to stay at home is a wall: whatever is tried, no server that costs money hears a word of it. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import type { ConfigInput } from '../../src/config/schema.ts'
import type { Inbound, Outbound } from '../../src/core/world.ts'
import { createGateway, type GatewayOptions } from '../../src/index.ts'
import { listen } from '../../src/sim/sockets.ts'
import { endless, open as openHouse, type Scene, until } from './rig.ts'
import { type Kind, Witness } from './witness.ts'

const secret = 'secret:8b'
const question = 'Say 3 words.'

/** Each connection is refused there. A port that was just given back is no such place: the next to listen gets it. */
const nobody = 'http://127.0.0.1:1'

/** A server in the cloud that remembers all it was ever told: of a probe, nothing. */
class Cloud extends Witness {
  readonly told: string[] = []

  override send(out: Outbound): Promise<Inbound> {
    if (out.body !== undefined && out.body.length > 0) this.told.push(Buffer.from(out.body).toString())
    return super.send(out)
  }
}

interface House extends Scene {
  readonly home: Witness
  /** What reached the cloud. */
  readonly leaked: () => readonly string[]
}

interface Plan {
  readonly config?: Partial<ConfigInput>
  readonly home?: Partial<ConfigInput['upstreams'][number]>
  /** Nobody listens where it should be. */
  readonly homeIsDown?: boolean
}

const names = {
  [secret]: secret,
  chat: secret,
  open: 'open:8b',
  vectors: 'vectors:latest',
  'open-vectors': 'vectors:latest',
}

const rules: ConfigInput['models'] = { [secret]: { cloud: 'never' }, vectors: { cloud: 'never' } }

/** Two in the cloud would serve every name there is: by OpenAI's dialects the one, by Anthropic's the other. */
async function configFor(
  t: TestContext,
  { config, home: changed, homeIsDown = false }: Plan,
): Promise<{
  home: Witness
  leaked: House['leaked']
  config: ConfigInput
}> {
  const home = new Witness('ollama', {
    models: [
      { name: secret, contextTokens: 4_096 },
      { name: 'open:8b', contextTokens: 4_096 },
      { name: 'vectors:latest', contextTokens: 4_096, dimensions: 8 },
    ],
    engine: { loadMs: 1, loadedMax: 3 },
  })
  const cloudOf = (kind: Kind, name: string): Cloud =>
    new Cloud(kind, {
      models: [
        { name, contextTokens: 200_000 },
        { name: 'embedding', contextTokens: 8_192, dimensions: 8 },
      ],
    })
  const clouds = [cloudOf('openai', 'gpt'), cloudOf('anthropic', 'claude')] as const
  const [there, ...others] = await Promise.all([home, ...clouds].map((server) => listen(server)))
  t.after(() => Promise.all([there!, ...others].map((socket) => socket.close())))
  const context = { gpt: 4_096, claude: 4_096, [secret]: 4_096, 'open:8b': 4_096 }
  const everything = (model: string): Record<string, string> =>
    Object.fromEntries(Object.keys(names).map((name) => [name, name.endsWith('vectors') ? 'embedding' : model]))
  return {
    home,
    leaked: () => clouds.flatMap(({ told }) => told),
    config: {
      models: rules,
      timeouts: { connect: '500ms' },
      ...config,
      upstreams: [
        {
          name: 'home',
          kind: 'ollama',
          url: homeIsDown ? nobody : there!.origin,
          concurrency: 1,
          models: { serve: names, context },
          ...changed,
        },
        {
          name: 'gpt',
          kind: 'openai',
          url: others[0]!.origin,
          api_key: 'k',
          models: { serve: everything('gpt'), context },
        },
        {
          name: 'claude',
          kind: 'anthropic',
          url: others[1]!.origin,
          api_key: 'k',
          models: { serve: everything('claude'), context },
        },
      ],
    },
  }
}

async function houseOf(t: TestContext, plan: Plan = {}): Promise<House> {
  const { config, ...rest } = await configFor(t, plan)
  const { upstreams, ...others } = config
  return { ...rest, ...(await openHouse(t, { ...others, upstreams })) }
}

const messages = [{ role: 'user', content: question }]

/** One request of every dialect. */
const talks: readonly (readonly [path: string, body: object])[] = [
  ['/v1/chat/completions', { messages }],
  ['/v1/completions', { prompt: question }],
  ['/v1/responses', { input: question }],
  ['/v1/messages', { messages, max_tokens: 20 }],
  ['/v1/messages/count_tokens', { messages }],
  ['/api/chat', { messages }],
  ['/api/generate', { prompt: question }],
]
const embeds: readonly (readonly [path: string, body: object])[] = [
  ['/v1/embeddings', { input: question }],
  ['/api/embed', { input: question }],
  ['/api/embeddings', { prompt: question }],
]

const spellings = [secret, secret.toUpperCase(), 'chat']

async function post(
  url: string,
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-spillway-cloud': 'allowed', ...headers },
    body: JSON.stringify(body),
  })
  return new Response(await response.text(), response)
}

/** Everything that can be asked of a private model, in a stream and in one piece, by every name it has. */
async function askAll({ url }: Scene, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const asked: Promise<Response>[] = []
  for (const stream of [true, false]) {
    for (const model of spellings)
      for (const [path, body] of talks) asked.push(post(url, path, { model, stream, ...body }, headers))
  }
  for (const model of ['vectors', 'Vectors:latest'])
    for (const [path, body] of embeds) asked.push(post(url, path, { model, ...body }, headers))
  await Promise.all(asked)
}

/** That the cloud would have been glad to help. */
async function wouldLeak({ url, leaked }: House): Promise<void> {
  assert.deepEqual(leaked(), [], 'something left the house')
  const headers = { 'x-spillway-patience-ms': '50' }
  const answer = await post(url, '/v1/chat/completions', { model: 'open', messages }, headers)
  assert.equal(answer.status, 200, await answer.text())
  assert.equal(leaked().length, 1, 'what may leave does')
}

/** The places at home are taken by those who do not end. */
async function occupy(t: TestContext, { url, home }: House): Promise<void> {
  const leaving = new AbortController()
  t.after(() => leaving.abort())
  for (const model of [secret, 'open']) {
    const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: endless }] })
    const headers = { 'content-type': 'application/json', 'x-spillway-cloud': 'never' }
    fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body, signal: leaving.signal })
      .then((answer) => answer.text())
      .catch(() => {})
  }
  await until(() => home.ledger.open === 2, 2_000, 'home is busy')
}

/** What drives requests out of the house. */
const pressures: Readonly<Record<string, Plan & { readonly press?: (t: TestContext, house: House) => unknown }>> = {
  'when nobody answers at home any more': { homeIsDown: true },
  'when nobody answers at home, and another model may stand in that the cloud has': {
    homeIsDown: true,
    config: { fallback_models: { [secret]: ['open'] } },
  },
  'when home fails each request, and others could be tried': {
    press: (_, { home }) => (home.faults = { error500: 1 }),
  },
  'when home refuses each connection': { press: (_, { home }) => (home.faults = { refused: 1 }) },
  'when home is so busy that it would be late': { press: occupy },
  'when home is busy and the queue is full': { config: { queue: { max: 0 } }, press: occupy },
}

suite('A private model stays at home', { concurrency: 4 }, () => {
  for (const [when, { press, ...plan }] of Object.entries(pressures)) {
    test(`${when}, whatever its name, the dialect and the header`, async (t) => {
      const house = await houseOf(t, plan)
      await press?.(t, house)
      for (const patience of ['0', '60']) await askAll(house, { 'x-spillway-patience-ms': patience })
      await wouldLeak(house)
    })
  }

  test('when nobody at home has it', async (t) => {
    const house = await houseOf(t, { home: { models: { serve: { chat: secret } } } })
    const ask = (model: string): Promise<Response> =>
      post(house.url, '/v1/messages', { model, messages, max_tokens: 9 })
    house.home.crash()
    for (const model of [...spellings, 'vectors']) assert.ok((await ask(model)).status >= 500)
    await wouldLeak(house)
  })

  test('while nothing is wrong, and is served there', async (t) => {
    const house = await houseOf(t, { home: { concurrency: 16 } })
    await askAll(house)
    assert.deepEqual(house.leaked(), [])
    assert.ok(house.home.heard.length > 30, `home heard ${house.home.heard.length}`)
  })

  test('when home breaks off in the middle of an answer', async (t) => {
    const house = await houseOf(t, { home: { concurrency: 16 } })
    for (const by of ['reset', 'error', 'cut', 'fin'] as const) {
      house.home.mischief = { after: 2, by }
      await askAll(house, { 'x-spillway-patience-ms': '60' })
    }
    assert.deepEqual(house.leaked(), [])
  })

  test('when its prompt has to be counted, or fits only in the cloud', async (t) => {
    const house = await houseOf(t)
    const long = (words: number): object => ({ messages: [{ role: 'user', content: 'word '.repeat(words) }] })
    const counted = '/v1/messages/count_tokens'
    for (const words of [3_500, 50_000]) {
      for (const model of spellings) {
        await post(house.url, '/v1/chat/completions', { model, ...long(words) })
        await post(house.url, '/v1/messages', { model, max_tokens: 9, ...long(words) })
        await post(house.url, counted, { model, ...long(words) })
      }
    }
    assert.deepEqual(house.leaked(), [])
    assert.equal((await post(house.url, counted, { model: 'open', ...long(5) })).status, 200)
    assert.equal(house.leaked().length, 1, 'what may leave is counted there')
  })

  test('when somebody only wants to know what would become of it, who then hears that it stays', async (t) => {
    const house = await houseOf(t, { homeIsDown: true })
    for (const model of spellings) {
      for (const words of [3, 3_500]) {
        const body = { model, messages: [{ role: 'user', content: 'word '.repeat(words) }] }
        const looked = { path: '/v1/messages', body: { ...body, max_tokens: 9 }, cloud: 'allowed', patience: 0 }
        const answer = await post(`${house.adminUrl}/api`, '/explain', looked)
        const { cloud, decision } = (await answer.json()) as { cloud: string; decision: { upstream?: string } }
        assert.equal(cloud, 'never')
        assert.ok(decision.upstream === undefined || decision.upstream === 'home', decision.upstream)
      }
    }
    assert.deepEqual(house.leaked(), [])
  })

  test('whoever asks: one who may send out what it likes, and one who may not', async (t) => {
    const callers = [
      { name: 'free', key: 'poppy' },
      { name: 'kept', key: 'sesame', cloud: 'never' as const },
    ]
    const house = await houseOf(t, { homeIsDown: true, config: { callers } })
    for (const key of ['poppy', 'sesame']) await askAll(house, { authorization: `Bearer ${key}` })
    const open = { model: 'open', messages }
    const bySesame = await post(house.url, '/v1/chat/completions', open, { authorization: 'Bearer sesame' })
    assert.ok(bySesame.status >= 500, 'no header lets out a caller who has to stay')
    assert.deepEqual(house.leaked(), [])
    await post(house.url, '/v1/chat/completions', open, { authorization: 'Bearer poppy' })
    assert.equal(house.leaked().length, 1)
  })

  test('from the first request on after a new configuration says so', async (t) => {
    const house = await houseOf(t, { homeIsDown: true, config: { models: {} } })
    const ask = (): Promise<Response> => post(house.url, '/v1/chat/completions', { model: 'chat', messages })
    assert.equal((await ask()).status, 200)
    const { gateway } = house
    await gateway.reload({ ...gateway.settings, models: new Map([[secret, { cloud: 'never' }]]) })
    assert.ok((await ask()).status >= 500)
    assert.equal(house.leaked().length, 1)
  })

  type Detour = Pick<GatewayOptions, 'hooks' | 'layers'>
  const renamed = (from: string, to: string): NonNullable<Detour['hooks']> => ({
    transformParams: (params) => (params['model'] === from ? { ...params, model: to } : params),
  })
  const detours: Readonly<Record<string, readonly [asked: string, detour: Detour]>> = {
    'a hook that makes another model into it': ['open', { hooks: renamed('open', secret) }],
    'a hook that makes it into another model': [secret, { hooks: renamed(secret, 'open') }],
    'a layer that makes another model into it': [
      'open',
      {
        layers: [
          (next) => (ask) => next({ ...ask, model: secret, body: { ...ask.body, model: secret }, raw: undefined }),
        ],
      },
    ],
    'a layer that lets everything out': [secret, { layers: [(next) => (ask) => next({ ...ask, cloud: 'allowed' })] }],
    'nothing but the call of an application': [secret, {}],
  }
  for (const [what, [model, detour]] of Object.entries(detours)) {
    test(`behind ${what}`, async (t) => {
      const { config, leaked } = await configFor(t, { homeIsDown: true })
      const gateway = await createGateway(config, detour)
      t.after(() => gateway.close())
      const asked = { model, messages: [{ role: 'user' as const, content: question }] }
      for (const wishes of [{}, { cloud: 'allowed' as const }])
        await assert.rejects(gateway.chat(asked, wishes), { kind: 'upstream-broke' })
      assert.deepEqual(leaked(), [])
      const free = await createGateway({ ...config, models: {} }, detour)
      t.after(() => free.close())
      await free.chat(asked)
      assert.equal(leaked().length, 1, 'without the rule it leaves')
    })
  }

  test('behind a hook that makes another model into it, with a prompt that the cloud would be asked to count', async (t) => {
    const { config, leaked } = await configFor(t, { homeIsDown: true })
    const long = { model: 'open', messages: [{ role: 'user' as const, content: 'word '.repeat(3_500) }] }
    const detour = { hooks: renamed('open', secret) }
    const gateway = await createGateway(config, detour)
    t.after(() => gateway.close())
    await assert.rejects(gateway.chat(long))
    assert.deepEqual(leaked(), [])
    const free = await createGateway({ ...config, models: {} }, detour)
    t.after(() => free.close())
    await free.chat(long).catch(() => {})
    assert.notEqual(leaked().length, 0, 'without the rule it leaves')
  })
})
