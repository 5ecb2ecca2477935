/** The doctor as a shell runs it, before a server and beside a gateway. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { folderWith, spillway } from '../../src/cli/process.test-helper.ts'
import { listen } from '../../src/sim/sockets.ts'
import { open } from './rig.ts'
import { Witness } from './witness.ts'

const keys = { UI_KEY: 'canary-key-of-the-ui', BOX_KEY: 'canary-key-of-the-box', TOKEN: 'canary-token-of-admin' }

const literal = 'canary-key-that-stands-in-the-file'

interface Told {
  readonly ok: boolean
  readonly checks: readonly { readonly check: string; readonly level: string; readonly text: string }[]
}

test('it tells what is well and what is not, loads nothing, shows no key, and says so by its exit code', async (t) => {
  const server = new Witness('ollama', { models: ['a:8b', 'b:8b'].map((name) => ({ name, contextTokens: 8_192 })) })
  const socket = await listen(server)
  t.after(() => socket.close())
  const box = { name: 'box', kind: 'ollama', url: socket.origin }
  const callers = [{ name: 'ui', key: keys.UI_KEY }]
  const { url, adminUrl } = await open(t, {
    admin: { listen: '127.0.0.1:0', token: keys.TOKEN },
    // It would load what it is to keep; the doctor must not.
    upstreams: [{ ...box, api_key: keys.BOX_KEY }],
    callers,
  })
  const hidden = {
    listen: new URL(url).host,
    admin: { listen: new URL(adminUrl).host, token: '${TOKEN}' },
    upstreams: [{ ...box, api_key: '${BOX_KEY}', models: { preload: ['a:8b'] } }],
    callers: [{ name: 'ui', key: '${UI_KEY}' }],
  }
  const broken = {
    ...hidden,
    upstreams: [...hidden.upstreams, { name: 'gone', kind: 'vllm', url: 'http://127.0.0.1:1', api_key: literal }],
    fallback_models: { 'a:8b': ['b:8b'] },
  }
  const cwd = folderWith(t, { 'spillway.yaml': JSON.stringify(hidden), 'broken.yaml': JSON.stringify(broken) })
  const run = (...words: string[]) => spillway(t, ['doctor', ...words], { cwd, env: keys }).ended
  const [well, json, ill] = await Promise.all([
    run(),
    run('--json'),
    run('--config', join(cwd, 'broken.yaml'), '--json'),
  ])
  assert.deepEqual([well.code, well.err], [0, ''], well.out)
  assert.match(well.out, /^ok {4}servers +box \(Ollama [\d.]+\) answers and lists 2 models$/m)
  assert.match(well.out, / 0 failed\.\n$/)
  const found = JSON.parse(json.out) as Told
  const said = (name: string, { checks }: Told): string[] =>
    checks.flatMap(({ check, level, text }) => (check === name ? [`${level}: ${text}`] : []))
  assert.equal(found.ok, true)
  assert.deepEqual(said('ports', found), [
    `ok: listen ${hidden.listen} is a Spillway that runs`,
    `ok: admin.listen ${hidden.admin.listen} is a Spillway that runs`,
  ])
  assert.deepEqual(said('models', found), ['ok: All models that the configuration names are there'])
  assert.deepEqual(said('gateway', found), [`ok: The gateway at ${hidden.admin.listen} runs, with 0 of 2 models ready`])

  const wrong = JSON.parse(ill.out) as Told
  assert.deepEqual([ill.code, wrong.ok], [1, false])
  assert.deepEqual(said('servers', wrong).slice(1), ['fail: gone (vLLM) refuses connections'])
  assert.ok(said('files', wrong).some((line) => line.startsWith('fail: ') && line.includes('broken.yaml')))

  for (const { out, err } of [well, json, ill])
    for (const key of [...Object.values(keys), literal]) assert.ok(!`${out}${err}`.includes(key))
  assert.deepEqual([server.ledger.loads, server.ledger.asked], [0, 0])
})
