import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Health } from '../core/backend.ts'
import { isObject } from '../core/json.ts'
import {
  answering,
  inUse,
  inTurn,
  recorded,
  type Reply,
  type Script,
  settingOf,
} from '../../test/conformance/backend.ts'
import { llamacpp } from './llamacpp.ts'

const router: Script = {
  '/props': recorded('llamacpp/router-props'),
  '/props?model=count&autoload=false': recorded('llamacpp/props'),
  '/models': recorded('llamacpp/router-models-loaded'),
  '/metrics': recorded('llamacpp/metrics-busy'),
  '/v1/embeddings': recorded('llamacpp/embeddings-unsupported-501'),
}

const probe = (more: Script = {}): Promise<Health> => llamacpp.probe(answering({ ...router, ...more }).call)

/** The list with other words for some models' states, or other arguments. */
function listWith(name: string, change: (status: Record<string, unknown>, id: string) => object): Reply {
  const { json } = recorded(name)
  assert.ok(isObject(json) && Array.isArray(json['data']))
  const data = (json['data'] as { id: string; status: Record<string, unknown> }[]).map((model) => ({
    ...model,
    status: { ...model.status, ...change(model.status, model.id) },
  }))
  return { status: 200, json: { data } }
}

test('a router lists all its models, loaded or not, with the context each would have', async () => {
  const { models, gauge, version, advice } = await probe()
  assert.equal(version, 'b11669-Debian')
  assert.deepEqual(
    models.map(({ id, loaded, contextTokens, slots }) => [id, loaded, contextTokens, slots]),
    [
      // What runs tells for itself.
      ['count', true, 512, 2],
      ['slow-mid', false, 2048, 1],
      ['slow-mid-b', false, 2048, 1],
      ['tiny', false, 2048, 1],
    ],
  )
  assert.deepEqual(gauge, { running: 1, waiting: 1 })
  // Each runs by itself: what keeps one of them busy leaves the others their room.
  assert.deepEqual(
    models.map((model) => model.gauge),
    [gauge, undefined, undefined, undefined],
  )
  assert.equal(advice, undefined)
  assert.ok(!JSON.stringify(models).includes('--model'), 'paths of its machine are not passed on')
})

test('only what is loaded is asked about, and nothing is loaded by asking', async () => {
  const { call, asked } = answering(router)
  await llamacpp.probe(call)
  const about = asked.filter((request) => request.includes('?'))
  assert.ok(about.length >= 3)
  for (const request of about) assert.match(request, /autoload=false/)
  assert.ok(about.every((request) => !/slow-mid|tiny/.test(request)))
})

test('a model that goes away between two questions is none the worse for it', async () => {
  const { models } = await probe({ '/props?model=count&autoload=false': recorded('llamacpp/router-unload-again-400') })
  assert.deepEqual([models[0]?.id, models[0]?.contextTokens], ['count', 2048])
})

test('slots share the context each by its part, unless it is one pool, which is told', async () => {
  const args = (...list: string[]): Script => ({
    '/models': listWith('llamacpp/router-models', () => ({ args: list })),
  })
  const first = async (...list: string[]): Promise<unknown> => (await probe(args(...list))).models[0]?.contextTokens
  assert.equal(await first('--ctx-size', '8192', '--parallel', '4'), 2048)
  assert.equal(await first('--ctx-size', '8192', '--parallel', '4', '--kv-unified'), 8192)
  assert.match((await probe(args('--ctx-size', '8192'))).advice![0]!, /share one context/)
})

const loading = recorded('llamacpp/router-models-loading')
const there = recorded('llamacpp/router-models-loaded')
const notThere = recorded('llamacpp/router-models')

test('a load is waited for', async () => {
  const { call, asked, requests } = answering({
    ...router,
    '/models': inTurn(notThere, loading, loading, there),
    'POST /models/load': recorded('llamacpp/router-load'),
  })
  await llamacpp.load!(call, settingOf('count'), inUse)
  assert.equal(asked.filter((request) => request === 'GET /models').length, 4)
  assert.ok(requests.slice(-3).every(({ afterMs }) => afterMs === 250))
})

test('what is there, asleep, or on its way is not loaded again', async () => {
  const asleep = listWith('llamacpp/router-models-loaded', (_, id) => (id === 'count' ? { value: 'sleeping' } : {}))
  for (const models of [inTurn(there), inTurn(asleep), inTurn(loading, loading, there)]) {
    const { call, asked } = answering({ ...router, '/models': models })
    await llamacpp.load!(call, settingOf('count'), inUse)
    assert.ok(!asked.includes('POST /models/load'))
  }
  const late = answering({
    ...router,
    '/models': inTurn(notThere, there),
    'POST /models/load': recorded('llamacpp/router-load-again-400'),
  })
  await llamacpp.load!(late.call, settingOf('count'), inUse)
})

test('a router that is full waits until a model is idle, unloads it, and loads the one that is wanted', async () => {
  const { call, asked } = answering({
    ...router,
    '/models': inTurn(
      there,
      there,
      there,
      notThere,
      listWith('llamacpp/router-models', (_, id) => (id === 'tiny' ? { value: 'loaded' } : {})),
    ),
    'POST /models/unload': recorded('llamacpp/router-unload'),
    'POST /models/load': recorded('llamacpp/router-load'),
  })
  let looks = 0
  const gone: string[] = []
  await llamacpp.load!(call, settingOf('tiny'), {
    isIdle: () => (looks += 1) > 2,
    left: (model) => gone.push(model),
    overdueMs: Infinity,
  })
  assert.deepEqual(gone, ['count'])
  assert.ok(asked.indexOf('POST /models/unload') < asked.indexOf('POST /models/load'))
})

test('a model that is in use is never thrown out', async () => {
  const { call, asked } = answering(router)
  await assert.rejects(llamacpp.load!(call, settingOf('tiny'), inUse), {
    kind: 'upstream-busy',
    message: 'This llama-server has room for 1 models at once, and all of them are in use.',
  })
  assert.ok(!asked.some((request) => request.startsWith('POST')))
})

test('a load that fails is told, and so is a model that nobody has', async () => {
  const failed = answering({
    ...router,
    '/models': inTurn(notThere, loading, recorded('llamacpp/router-models-failed')),
    'POST /models/load': recorded('llamacpp/router-load'),
  })
  await assert.rejects(llamacpp.load!(failed.call, settingOf('count'), inUse), { message: /could not load count/ })
  const unknown = answering({
    ...router,
    '/models': notThere,
    'POST /models/load': recorded('llamacpp/router-load-unknown-404'),
  })
  await assert.rejects(llamacpp.load!(unknown.call, settingOf('nobody'), inUse), { message: /HTTP 404/ })
})

test('an unload is waited for, and one of what is not there is done', async () => {
  const { call, asked } = answering({
    ...router,
    '/models': inTurn(there, notThere),
    'POST /models/unload': recorded('llamacpp/router-unload'),
  })
  await llamacpp.unload!(call, 'count')
  assert.equal(asked.filter((request) => request === 'GET /models').length, 2)
  const gone = answering({ ...router, 'POST /models/unload': recorded('llamacpp/router-unload-again-400') })
  await llamacpp.unload!(gone.call, 'slow-mid')
})

test('without a router the one model is always there, and stays', async () => {
  const { call, asked } = answering({ '/props': recorded('llamacpp/props') })
  await llamacpp.load!(call, settingOf('fox'), inUse)
  assert.deepEqual(asked, ['GET /props'])
  await assert.rejects(llamacpp.unload!(call, 'fox'), { kind: 'not-supported' })
})
