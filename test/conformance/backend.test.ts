import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backendOf, backends } from '../../src/backends/index.ts'
import { backendSuite } from './backend.ts'
import { fixture } from './fixtures.ts'

const recorded = (name: string): { status: number; json: unknown } => {
  const { status, body } = fixture(name)
  return { status, json: body.length === 0 ? undefined : JSON.parse(body.toString()) }
}

const healthy: Readonly<Record<string, Parameters<typeof backendSuite>[1]>> = {
  ollama: {
    '/api/version': recorded('ollama/version'),
    '/api/tags': recorded('ollama/tags'),
    '/api/ps': recorded('ollama/ps-loaded'),
  },
  'openai-compatible': { '/v1/models': recorded('llamacpp/v1-models') },
  openai: { '/v1/models': recorded('ollama/v1-models') },
}

for (const backend of backends) backendSuite(backend, healthy[backend.kind] ?? {})

test('kinds are found by name, and no two share one', () => {
  for (const backend of backends) assert.equal(backendOf(backend.kind), backend)
  assert.equal(backendOf('unheard-of'), undefined)
})
