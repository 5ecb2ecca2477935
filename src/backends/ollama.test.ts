import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Call, Health } from '../core/backend.ts'
import type { Json } from '../core/json.ts'
import { NetFault } from '../core/world.ts'
import { answering, inUse, recorded, type Reply, type Script, settingOf } from '../../test/conformance/backend.ts'
import { ollama } from './ollama.ts'

const serving = (more: Script = {}): Script => ({
  '/api/version': recorded('ollama/version'),
  '/api/tags': recorded('ollama/tags'),
  '/api/ps': recorded('ollama/ps-empty'),
  ...more,
})

const probe = (more: Script = {}): Promise<Health> => ollama.probe(answering(serving(more)).call)

const tags = (...models: readonly Json[]): Script => ({ '/api/tags': { status: 200, json: { models } } })

test('a probe tells the version, every model by its names, what is in memory and how long a context it has', async () => {
  const { version, models, advice } = await probe({ '/api/ps': recorded('ollama/ps-loaded') })
  assert.equal(version, '0.32.15')
  assert.equal(models.length, 11)
  const fox = models.find(({ id }) => id === 'fox:latest')
  assert.deepEqual(fox?.aliases, ['fox'])
  assert.equal(fox?.loaded, true)
  assert.equal(fox?.contextTokens, 4096)
  assert.deepEqual(
    models
      .filter(({ loaded }) => loaded)
      .map(({ id }) => id)
      .toSorted(),
    ['counter:latest', 'fox:latest'],
  )
  assert.equal(models.find(({ id }) => id === 'embedder:latest')?.contextTokens, 256)
  assert.equal(advice, undefined)
})

test('no models are no reason to be down', async () => {
  assert.deepEqual((await probe({ '/api/tags': recorded('ollama/tags-none') })).models, [])
  assert.deepEqual((await probe({ '/api/tags': { status: 200, json: { models: null } } })).models, [])
})

test('a list of what is in memory that hangs or fails leaves the rest standing', async () => {
  const { models } = await probe({ '/api/ps': { status: 500 } })
  assert.equal(models.length, 11)
  assert.ok(models.every(({ loaded }) => loaded === undefined))
})

test('names are also known in small letters and with or without the tag', async () => {
  const { models } = await probe(tags({ name: 'Qwen3:8B' }, { name: 'Fox:latest' }, { name: 'bare' }))
  assert.deepEqual(
    models.map(({ aliases }) => aliases),
    [['qwen3:8b'], ['Fox', 'fox:latest', 'fox'], ['bare:latest']],
  )
})

test('models that are passed on to the cloud are not on the list, and the operator hears of it', async () => {
  const { models, advice } = await probe(
    tags(
      { name: 'a:latest', remote_host: 'https://ollama.com:443', remote_model: 'a' },
      { name: 'gpt-oss:120b-cloud' },
      { name: 'kimi:cloud' },
      { name: 'cloudy:latest' },
    ),
  )
  assert.deepEqual(
    models.map(({ id }) => id),
    ['cloudy:latest'],
  )
  assert.deepEqual(advice, ['3 models of this server would run at ollama.com and are not offered.'])
})

test('a foreign host is told apart from a server that is down', async () => {
  await assert.rejects(probe({ '/api/version': recorded('ollama/foreign-host-403') }), {
    kind: 'upstream-denied',
    message: /forbids GET \/api\/version/,
  })
})

test('a model half in slow memory is told, and a version that cuts prompts down', async () => {
  const model = (fast: number): Script => ({
    '/api/ps': { status: 200, json: { models: [{ name: 'big', size: 1000, size_vram: fast }] } },
  })
  assert.match((await probe(model(620))).advice![0]!, /^The model big has only 62 % of itself in GPU memory/)
  assert.equal((await probe(model(1000))).advice, undefined)
  assert.equal((await probe(model(0))).advice, undefined)
  const version = (name: string): Script => ({ '/api/version': { status: 200, json: { version: name } } })
  for (const old of ['0.12.5', '0.11.10']) assert.match((await probe(version(old))).advice![0]!, /update it/)
  for (const good of ['0.12.6', '0.24.0-rc1', '1.0.0', 'dev'])
    assert.equal((await probe(version(good))).advice, undefined)
})

/** One Ollama, to be probed again and again. */
function house(
  models: readonly Json[],
  show: (body: Json) => Reply,
): { shows: string[]; readonly can: () => Promise<unknown> } {
  const shows: string[] = []
  const { call } = answering(
    serving({
      ...tags(...models),
      'POST /api/show': (body = {}) => {
        shows.push(String(body['model']))
        return show(body)
      },
    }),
  )
  const can = async (): Promise<unknown> => {
    const health = await ollama.probe(call)
    await setImmediate()
    return health.models.map((model) => model.can && [...model.can].toSorted())
  }
  return { shows, can }
}

test('what a model can do is looked up once, beside the probes', async () => {
  const { can, shows } = house(
    [
      { name: 'tool-user:latest', digest: '1' },
      { name: 'two-calls-native:latest', digest: '2' },
      { name: 'embedder:latest', digest: '3' },
      { name: 'same-as-1:latest', digest: '1' },
    ],
    ({ model }) =>
      recorded(
        { 'embedder:latest': 'ollama/show-embedding', 'two-calls-native:latest': 'ollama/show-native' }[
          String(model)
        ] ?? 'ollama/show',
      ),
  )
  assert.deepEqual(await can(), [undefined, undefined, undefined, undefined], 'unknown until known')
  const known = [
    ['chat', 'text', 'tools'],
    ['chat', 'text', 'thinking', 'tools'],
    ['vectors'],
    ['chat', 'text', 'tools'],
  ]
  assert.deepEqual(await can(), known)
  assert.deepEqual(await can(), known)
  assert.equal(shows.length, 3)
})

test('a model that was made anew is looked up anew', async () => {
  const model = { name: 'm', digest: '1' }
  const { can, shows } = house([model], () => recorded('ollama/show'))
  await can()
  model.digest = '2'
  assert.deepEqual(await can(), [undefined])
  assert.equal(shows.length, 2)
})

test('versions that do not tell are asked once; one that fails is asked again', async () => {
  const silent = house([{ name: 'm', digest: '1' }], () => ({ status: 200, json: { model_info: {} } }))
  for (let times = 0; times < 3; times += 1) assert.deepEqual(await silent.can(), [undefined])
  assert.equal(silent.shows.length, 1)
  const busy = house([{ name: 'm', digest: '1' }], () => ({ status: 500 }))
  for (let times = 0; times < 3; times += 1) await busy.can()
  assert.equal(busy.shows.length, 3)
})

test('only a few are looked up at once, and a probe waits for none', async () => {
  let open = 0
  let most = 0
  const gates: (() => void)[] = []
  const { call } = answering(
    serving(tags(...Array.from({ length: 20 }, (_, i) => ({ name: `m${i}`, digest: `${i}` })))),
  )
  const slow: Call = async (request) => {
    if (request.path !== '/api/show') return call(request)
    open += 1
    most = Math.max(most, open)
    await new Promise<void>((resolve) => gates.push(resolve))
    open -= 1
    return { status: 200, json: { capabilities: ['completion'] }, text: '' }
  }
  assert.equal((await ollama.probe(slow)).models.length, 20)
  // A second probe meanwhile does not ask for the same once more.
  await ollama.probe(slow)
  assert.equal(most, 8)
  while (gates.length > 0) {
    for (const release of gates.splice(0)) release()
    await setImmediate()
  }
  assert.equal(most, 8)
  assert.ok((await ollama.probe(slow)).models.every(({ can }) => can?.has('chat')))
})

test('a model is described in the words of the server, without its list of tensors', async () => {
  const { call, asked } = answering({ '/api/show': recorded('ollama/show') })
  const about = await ollama.describe!(call, 'tool-user')
  assert.deepEqual(asked, ['POST /api/show'])
  assert.deepEqual(about['capabilities'], ['completion', 'tools'])
  assert.equal('tensors' in about, false)
})

test('a model is loaded with the context of later requests, and with no word on how long it is to stay', async () => {
  const { call, requests } = answering({ 'POST /api/generate': recorded('ollama/generate-preload') })
  await ollama.load!(call, settingOf('fox', 8_192), inUse)
  await ollama.load!(call, settingOf('fox'), inUse)
  const loads = requests.filter(({ method }) => method === 'POST')
  assert.deepEqual(
    loads.map(({ body }) => body),
    [
      { model: 'fox', stream: false, options: { num_ctx: 8_192 } },
      { model: 'fox', stream: false },
    ],
  )
  assert.ok(loads[0]!.timeoutMs! >= 60_000)
})

test('one that is to stay is kept for ever, and one that need not any more for the usual time', async () => {
  const { call, requests } = answering({ 'POST /api/generate': recorded('ollama/generate-preload') })
  await ollama.load!(call, { ...settingOf('fox'), stays: true }, inUse)
  await ollama.load!(call, { ...settingOf('fox'), stays: false }, inUse)
  assert.deepEqual(
    requests.flatMap(({ method, body }) => (method === 'POST' ? [body?.['keep_alive']] : [])),
    [-1, '5m'],
  )
})

test('a model in memory is known to leave by itself, or not to', async () => {
  const { models } = await probe({ '/api/ps': recorded('ollama/ps-forever') })
  const known = new Map(models.flatMap(({ id, leaves }) => (leaves === undefined ? [] : [[id, leaves]])))
  assert.deepEqual([known.size, known.get('fox:latest'), known.get('counter:latest')], [2, false, true])
})

test('a model for vectors is loaded by asking for none', async () => {
  const { call, requests } = answering({
    'POST /api/generate': { status: 400, json: { error: '"embedder" does not support generate' } },
    'POST /api/embed': recorded('ollama/embed-empty'),
  })
  await ollama.load!(call, settingOf('embedder', 256), inUse)
  const loads = requests.filter(({ method }) => method === 'POST')
  assert.deepEqual(loads.at(-1)?.body, { model: 'embedder', input: [], options: { num_ctx: 256 } })
})

test('a load that takes far too long has the models that nobody uses told to go, one after the other', async () => {
  const running = ['fox:latest', 'used:8b', 'kept:8b'].map((name) => ({ name }))
  const done = Promise.withResolvers<Awaited<ReturnType<Call>>>()
  const unloaded: unknown[] = []
  const left: string[] = []
  const fine = { status: 200, json: { models: running }, text: '' }
  let spentMs = 0
  const call: Call = async ({ path, body, afterMs = 0 }) => {
    spentMs += afterMs
    if (path === '/api/ps') return fine
    if (body?.['keep_alive'] === undefined) return done.promise
    unloaded.push([body['model'], spentMs])
    await setImmediate()
    done.resolve(fine)
    return fine
  }
  const isIdle = (model: string): boolean => model !== 'used:8b'
  await ollama.load!(call, settingOf('fox'), { isIdle, left: (model) => void left.push(model), overdueMs: 20_000 })
  assert.deepEqual(unloaded, [['kept:8b', 20_000]])
  assert.deepEqual(left, ['kept:8b'])
})

test('a model that is at work says so at once, one that hangs says nothing, and any other answer tells nothing', async () => {
  const hangs: Call = () => Promise.reject(new NetFault('timeout', 'no answer'))
  const refuses: Call = () => Promise.reject(new NetFault('refused', 'nobody there'))
  const { call, requests } = answering({ 'POST /api/generate': recorded('ollama/generate-preload') })
  assert.deepEqual(
    await Promise.all([call, hangs, refuses].map((one) => ollama.isAtWork!(one, settingOf('fox', 8_192)))),
    [true, false, undefined],
  )
  assert.deepEqual(requests[0]?.body, { model: 'fox', stream: false, options: { num_ctx: 8_192 } })
  assert.ok(requests[0].timeoutMs! <= 10_000)
})

test('a load that fails is told in its words', async () => {
  const { call } = answering({ 'POST /api/generate': recorded('ollama/chat-load-failed-500') })
  await assert.rejects(ollama.load!(call, settingOf('fox'), inUse), {
    kind: 'upstream-broke',
    message: /has terminated/,
  })
})

test('a model is unloaded by keeping it for no time', async () => {
  const { call, requests } = answering({ 'POST /api/generate': recorded('ollama/generate-unload') })
  await ollama.unload!(call, 'fox')
  assert.deepEqual(requests[0]?.body, { model: 'fox', stream: false, keep_alive: 0 })
})
