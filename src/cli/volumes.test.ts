import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ollama } from '../backends/ollama.ts'
import { vllm } from '../backends/vllm.ts'
import { modelFolders, volumesOf } from './volumes.ts'

const at = (origin: string, backend = ollama) => ({ origin, backend })

test('models are looked for where the kind of server keeps them, if it is on this machine', () => {
  const env = { OLLAMA_MODELS: '/big/models' }
  assert.deepEqual(modelFolders([at('http://127.0.0.1:11434')], env, '/h'), [
    '/big/models',
    '/h/.ollama/models',
    '/usr/share/ollama/.ollama/models',
  ])
  assert.equal(modelFolders([at('http://[::1]:11434')], {}, '/h')[0], '/h/.ollama/models')
  assert.deepEqual(modelFolders([at('http://10.0.0.5:11434'), at('http://127.0.0.1:8000', vllm)], env), [])
})

test('the folder for data is watched for room', () => {
  const [data] = volumesOf({ dataDir: '/a', upstreams: [], env: {} })
  assert.deepEqual(data, { name: 'data', path: '/a' })
})
