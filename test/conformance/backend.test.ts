import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { backendOf, backends } from '../../src/backends/index.ts'
import { backendSuite, type BackendWorld, inTurn, recorded, type Script } from './backend.ts'

const lmstudio: Script = {
  '/api/v1/models': recorded('lmstudio/api-v1-models'),
  '/v1/models': recorded('lmstudio/v1-models'),
}

const exo: Script = {
  '/v1/models': recorded('exo/v1-models'),
  '/state': recorded('exo/state'),
}

const llamacpp: Script = {
  '/props': recorded('llamacpp/props'),
  '/v1/models': recorded('llamacpp/v1-models'),
  '/metrics': recorded('llamacpp/metrics-busy'),
  '/v1/embeddings': recorded('llamacpp/embeddings-unsupported-501'),
}

const worlds: Readonly<Record<string, BackendWorld>> = {
  ollama: {
    healthy: {
      '/api/version': recorded('ollama/version'),
      '/api/tags': recorded('ollama/tags'),
      '/api/ps': recorded('ollama/ps-loaded'),
    },
    able: {
      'POST /api/generate': (body) =>
        recorded(body?.['keep_alive'] === 0 ? 'ollama/generate-unload' : 'ollama/generate-preload'),
    },
  },
  vllm: {
    healthy: {
      '/health': recorded('vllm/health'),
      '/version': recorded('vllm/version'),
      '/v1/models': recorded('vllm/v1-models'),
      '/metrics': recorded('vllm/metrics'),
    },
    able: { 'POST /tokenize': recorded('vllm/tokenize') },
  },
  llamacpp: {
    healthy: llamacpp,
    model: 'count',
    able: {
      '/props': recorded('llamacpp/router-props'),
      // Looked at before, after the load, and after the unload.
      '/models': inTurn(
        recorded('llamacpp/router-models'),
        recorded('llamacpp/router-models-loaded'),
        recorded('llamacpp/router-models'),
      ),
      'POST /models/load': recorded('llamacpp/router-load'),
      'POST /models/unload': recorded('llamacpp/router-unload'),
      'POST /v1/chat/completions/input_tokens': recorded('llamacpp/input-tokens'),
    },
  },
  sglang: {
    healthy: {
      '/health': recorded('sglang/health'),
      '/v1/models': recorded('sglang/v1-models'),
      '/get_model_info': recorded('sglang/model-info'),
      '/get_server_info': recorded('sglang/server-info'),
      '/metrics': recorded('sglang/metrics'),
    },
  },
  lmstudio: {
    healthy: lmstudio,
    model: 'google/gemma-3-4b',
    able: {
      ...lmstudio,
      'POST /api/v1/models/load': recorded('lmstudio/load'),
      'POST /api/v1/models/unload': recorded('lmstudio/unload'),
    },
  },
  exo: {
    healthy: exo,
    able: {
      '/state': recorded('exo/state-empty'),
      'POST /place_instance': recorded('exo/place-instance'),
      '/instance/await': recorded('exo/await-ready'),
    },
  },
  tgi: {
    healthy: {
      '/health': recorded('tgi/health'),
      '/info': recorded('tgi/info'),
      '/metrics': recorded('tgi/metrics'),
    },
    able: { 'POST /chat_tokenize': recorded('tgi/chat-tokenize') },
  },
  'openai-compatible': { healthy: { '/v1/models': recorded('llamacpp/v1-models') } },
  openai: { healthy: { '/v1/models': recorded('ollama/v1-models') } },
  anthropic: {
    healthy: {
      '/v1/models?limit=1000': recorded('anthropic/v1-models'),
      '/v1/models?limit=1000&after_id=claude-sonnet-5': recorded('anthropic/v1-models-last'),
    },
    able: { 'POST /v1/messages/count_tokens': recorded('anthropic/count-tokens') },
  },
}

for (const backend of backends) backendSuite(backend, worlds[backend.kind] ?? { healthy: {} })

test('kinds are found by name, and no two share one', () => {
  for (const backend of backends) assert.equal(backendOf(backend.kind), backend)
  assert.equal(backendOf('unheard-of'), undefined)
})

test('every kind has a section in the guide, with a configuration of it, and a place in the example', () => {
  const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
  const sections = read('docs/guide/backends.md').split(/^## /m)
  const listed = /kind: \w+ # (.* \| .*)/.exec(read('spillway.example.yaml'))![1]!.split(' | ')
  for (const { kind } of backends) {
    const section = sections.find((text) => text.startsWith(`${kind}\n`))
    assert.match(section ?? '', new RegExp(`kind: ${kind}\n`), kind)
    assert.ok(listed.includes(kind), kind)
  }
  assert.equal(listed.length, backends.length)
})
