import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Backend, ListedModel } from '../../src/core/backend.ts'
import { settingsOf } from '../../src/fleet/settings.test-helper.ts'
import { backendWith, type DoorSetting, openDoor } from './fake-gateway.ts'

const listing = (models: readonly ListedModel[]): Backend => backendWith(() => Promise.resolve({ models }))

const upstreams = [
  settingsOf('gpu-1', {
    backend: listing([
      { id: 'hot', loaded: true },
      { id: 'both', loaded: false },
      { id: 'org/cold:1', loaded: false },
    ]),
  }),
  settingsOf('gpu-2', { backend: listing([{ id: 'both', aliases: ['BOTH:latest'] }]) }),
  settingsOf('gone', {
    backend: backendWith(() => Promise.reject(new Error('refused'))),
    serve: new Map([['far', 'away']]),
  }),
]

type Ask = (path: string, headers?: Record<string, string>) => Promise<[status: number, body: unknown]>

async function opened(t: TestContext, setting: DoorSetting = {}): Promise<Ask> {
  const { url } = await openDoor(t, { upstreams, ...setting })
  return async (path, headers = {}) => {
    const response = await fetch(url + path, { headers })
    return [response.status, await response.json()]
  }
}

const all = {
  ok: true,
  models: { both: 'ready', far: 'down', hot: 'ready', 'org/cold:1': 'cold' },
  upstreams: { 'gpu-1': 'up', 'gpu-2': 'up', gone: 'down' },
}
const counts = { ok: true, models: { ready: 2, all: 4 }, upstreams: { up: 2, all: 3 } }

/** Whoever comes through a proxy on this machine comes from elsewhere. */
const elsewhere = { 'x-forwarded-for': '203.0.113.7' }

test('readiness tells of each model and each server how it is', async (t) => {
  const ask = await opened(t)
  assert.deepEqual(await ask('/readyz'), [200, all])
  assert.deepEqual(await ask('/readyz', elsewhere), [200, all])
})

test('a gateway that is not ready says so, whatever its models are', async (t) => {
  const ask = await opened(t, { ready: () => false })
  assert.deepEqual(await ask('/readyz'), [503, { ...all, ok: false }])
  assert.deepEqual(await ask('/readyz?model=hot'), [503, { ok: false, model: 'hot', state: 'ready' }])
})

test('a model that cannot be served now is not ready, under whatever name', async (t) => {
  const ask = await opened(t)
  const cases = [
    ['hot', 200, 'ready'],
    ['Both:LATEST', 200, 'ready'],
    ['org%2Fcold:1', 503, 'cold'],
    ['far', 503, 'down'],
    ['nobody', 503, 'unknown'],
    ['', 503, 'unknown'],
  ] as const
  for (const [name, status, state] of cases)
    assert.deepEqual(await ask(`/readyz?model=${name}`), [
      status,
      { ok: status === 200, model: decodeURIComponent(name), state },
    ])
})

test('where callers have keys, names are for them and for this machine; others learn how many there are', async (t) => {
  const ask = await opened(t, { keys: { ui: 'k' } })
  assert.deepEqual(await ask('/readyz'), [200, all])
  assert.deepEqual(await ask('/readyz', { ...elsewhere, authorization: 'Bearer k' }), [200, all])
  for (const stranger of [
    elsewhere,
    { forwarded: 'for=203.0.113.7' },
    { ...elsewhere, authorization: 'Bearer wrong' },
    { origin: 'http://evil.example' },
  ]) {
    assert.deepEqual(await ask('/readyz', stranger), [200, counts])
    assert.deepEqual(await ask('/readyz?model=hot', stranger), [200, { ok: true }])
    assert.deepEqual(await ask('/readyz?model=nobody', stranger), [503, { ok: false }])
  }
})

test('a caller who may use some models is told of these', async (t) => {
  const ask = await opened(t, { keys: { ui: 'k' }, models: ['hot', 'org/*'] })
  const key = { ...elsewhere, authorization: 'Bearer k' }
  const [, body] = await ask('/readyz', key)
  assert.deepEqual((body as typeof all).models, { hot: 'ready', 'org/cold:1': 'cold' })
  assert.deepEqual(await ask('/readyz?model=both', key), [503, { ok: false, model: 'both', state: 'unknown' }])
})
