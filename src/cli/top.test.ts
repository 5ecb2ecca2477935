import assert from 'node:assert/strict'
import { test } from 'node:test'
import { vllmLike } from '../sim/server-spec.ts'
import { SimServer } from '../sim/server.ts'
import { listen, realClock } from '../sim/sockets.ts'
import { folderWith, spillway } from './process.test-helper.ts'

test('top shows the servers of a running gateway, how they are, and what ended, whoever it was that asked', async (t) => {
  const server = new SimServer(vllmLike({ name: 'gpu-1' }), realClock(20))
  const { origin, close } = await listen(server)
  t.after(close)
  const upstreams =
    `upstreams:\n  - { name: gpu-1, kind: vllm, url: "${origin}", concurrency: 4 }\n` +
    '  - { name: lost, kind: ollama, url: "http://127.0.0.1:1" }\n'
  const written = (port: string, admin: string): Readonly<Record<string, string>> => ({
    'spillway.yaml': `listen: 127.0.0.1:${port}\nadmin: { listen: "127.0.0.1:${admin}" }\n${upstreams}`,
  })
  const serving = spillway(t, ['serve'], { cwd: folderWith(t, written('0', '0')) })
  const [, url, admin] = await serving.says(/Spillway listens on (http:\S+) \(admin (http:[^)]+)\)/)
  const model = 'llama3.1:8b'
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model, max_tokens: 8, messages: [{ role: 'user', content: 'Hello!' }] }),
  })
  assert.equal(answer.status, 200, await answer.text())
  const cwd = folderWith(t, written('0', new URL(admin!).port))
  const { code, out, err } = await spillway(t, ['top'], { cwd }).ended
  assert.deepEqual([code, err], [0, ''])
  assert.match(out, new RegExp(`^Spillway {3}live page ${admin}$`, 'm'))
  assert.match(out, /^up +gpu-1 +vllm +1 served +\d+ tok\/s +0\/4/m)
  assert.match(out, /^down +lost +ollama +0 served/m)
  assert.match(out, /^lost is down: /m)
  assert.match(out, /^✓ anonymous llama3\.1:8b → gpu-1 +\d+ tokens, first after /m)
})

test('without a gateway top is one sentence', async (t) => {
  const config = 'admin: { listen: "127.0.0.1:1" }\nupstreams: [{ name: a, kind: ollama, url: "http://127.0.0.1:1" }]\n'
  const cwd = folderWith(t, { 'spillway.yaml': config })
  const ended = await spillway(t, ['top'], { cwd }).ended
  assert.deepEqual(ended, { code: 1, out: '', err: 'No gateway answers at http://127.0.0.1:1.\n' })
})
