import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyEdits, type Json } from '../core/json.ts'
import type { Health } from '../core/backend.ts'
import { answering } from '../../test/conformance/backend.ts'
import { fixture } from '../../test/conformance/fixtures.ts'
import { ollama } from './ollama.ts'

const recorded = (name: string): { status: number; json: unknown } => {
  const { status, body } = fixture(`ollama/${name}`)
  return { status, json: body.length === 0 ? undefined : JSON.parse(body.toString()) }
}

const probe = (tags: string | Json, ps: string | number): Promise<Health> =>
  ollama.probe(
    answering({
      '/api/version': recorded('version'),
      '/api/tags': typeof tags === 'string' ? recorded(tags) : { status: 200, json: tags },
      '/api/ps': typeof ps === 'string' ? recorded(ps) : { status: ps, json: undefined },
    }).call,
  )

const edited = (body: Json): Json => applyEdits(body, ollama.edits?.('ollama-chat', body) ?? {})

test('a probe tells the version, every model by its names, what is in memory and how long a context it has', async () => {
  const { version, models } = await probe('tags', 'ps-loaded')
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
})

test('no models are no reason to be down', async () => {
  assert.deepEqual((await probe('tags-none', 'ps-empty')).models, [])
  assert.deepEqual((await probe({ models: null }, 'ps-empty')).models, [])
})

test('a list of what is in memory that hangs or fails leaves the rest standing', async () => {
  const { models } = await probe('tags', 500)
  assert.equal(models.length, 11)
  assert.ok(models.every(({ loaded }) => loaded === undefined))
})

test('names are also known in small letters and with or without the tag', async () => {
  const { models } = await probe(
    { models: [{ name: 'Qwen3:8B' }, { name: 'Fox:latest' }, { name: 'bare' }] },
    'ps-empty',
  )
  assert.deepEqual(
    models.map(({ aliases }) => aliases),
    [['qwen3:8b'], ['Fox', 'fox:latest', 'fox'], ['bare:latest']],
  )
})

test('models that are passed on to the cloud are not on the list', async () => {
  const elsewhere = [
    { name: 'a:latest', remote_host: 'https://ollama.com:443', remote_model: 'a' },
    { name: 'gpt-oss:120b-cloud' },
    { name: 'kimi:cloud' },
  ]
  const { models } = await probe({ models: [...elsewhere, { name: 'cloudy:latest' }] }, 'ps-empty')
  assert.deepEqual(
    models.map(({ id }) => id),
    ['cloudy:latest'],
  )
})

test('a foreign host is told apart from a server that is down', async () => {
  const { call } = answering({ '/api/version': recorded('foreign-host-403') })
  await assert.rejects(ollama.probe(call), { kind: 'upstream-denied', message: /forbids GET \/api\/version/ })
})

test('a prompt that does not fit is to be an error, not cut down', () => {
  assert.equal(edited({ model: 'm' })['truncate'], false)
  assert.equal(edited({ model: 'm', truncate: true })['truncate'], false)
  assert.equal(ollama.edits?.('ollama-chat', { model: 'm', truncate: false }), undefined)
})

test('what would load the model anew, or throw it out, never gets there', () => {
  const body = {
    model: 'm',
    keep_alive: 0,
    shift: false,
    think: false,
    truncate: false,
    options: { num_ctx: 1, num_thread: 1, num_gpu: 0, temperature: 1 },
  }
  assert.deepEqual(edited(body), { model: 'm', think: false, truncate: false, options: { temperature: 1 } })
})

test('a limit that means "without end" is taken away, a real one stays', () => {
  assert.deepEqual(edited({ options: { num_predict: 0 } })['options'], {})
  assert.deepEqual(edited({ options: { num_predict: -1 } })['options'], {})
  assert.deepEqual(edited({ options: { num_predict: 5 } })['options'], { num_predict: 5 })
})

test('no spelling that the server would take for a field it knows gets past what admission has read', () => {
  for (const key of ['Model', 'KEEP_ALIVE', '\u212Aeep_alive', 'option\u017F', 'meſſages', 'Truncate']) {
    assert.deepEqual(edited({ model: 'm', truncate: false, [key]: 'x' }), { model: 'm', truncate: false }, key)
  }
  assert.deepEqual(edited({ model: 'm', truncate: false, unheard_of: 1 }), {
    model: 'm',
    truncate: false,
    unheard_of: 1,
  })
})

test('a model is described in the words of the server, without its list of tensors', async () => {
  const { call, asked } = answering({ '/api/show': recorded('show') })
  const about = await ollama.describe!(call, 'tool-user')
  assert.deepEqual(asked, ['POST /api/show'])
  assert.deepEqual(about['capabilities'], ['completion', 'tools'])
  assert.equal('tensors' in about, false)
})
