import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folderWith, spillway } from '../../src/cli/process.test-helper.ts'
import { recital } from '../../src/sim/recital.ts'
import { chat, configFor, ollama, openStream, serve } from './rig.ts'

const steps = {
  engine: {
    stepMs: [
      [1, 20],
      [4, 20],
    ],
  },
} as const

const post = (url: string): Promise<Response> => fetch(`${url}/api/reload`, { method: 'POST' })

test('SIGHUP takes up the file under a running stream, which is heard to its end', async (t) => {
  const [old, other] = await Promise.all([ollama(t, steps), ollama(t)])
  const { running, cwd, url } = await serve(t, configFor(old))
  const { whole } = await openStream(url, 60)
  const next = configFor(other, 'callers:\n  - { name: chat, key: new-key }\n').replace('name: box', 'name: crate')
  writeFileSync(join(cwd, 'spillway.yaml'), next)
  running.child.kill('SIGHUP')
  await running.says(/Took up spillway\.yaml\. Upstreams: 1; callers: 1\./)
  assert.equal((await chat(url)).status, 401)
  const answer = await chat(url, {}, { authorization: 'Bearer new-key' })
  assert.deepEqual([answer.status, answer.headers.get('x-spillway-upstream')], [200, 'crate'])
  const said = Array.from((await whole).matchAll(/"content":"([^"]*)"/g), ([, text]) => text!).join('')
  assert.equal(said, recital('Say 60 words.'))
})

test('a file with a fault changes nothing, and the log and the admin API say what is wrong', async (t) => {
  const config = configFor(await ollama(t))
  const { running, cwd, url, adminUrl } = await serve(t, config)
  const file = join(cwd, 'spillway.yaml')
  writeFileSync(file, config.replace('kind: ollama', 'kind: olama'))
  const refused = await post(adminUrl)
  assert.equal(refused.status, 400)
  const { ok, error } = (await refused.json()) as {
    ok: boolean
    error: { code: string; problems: { path: unknown[]; line: number; column: number }[] }
  }
  assert.deepEqual([ok, error.code], [false, 'invalid_config'])
  assert.deepEqual(
    error.problems.map(({ path, line, column }) => [path, line, column]),
    [[['upstreams', 0, 'kind'], 4, 24]],
  )
  await running.says(/spillway\.yaml:4:24 upstreams\[0\]\.kind: there is no kind/)
  await running.says(/goes on with the configuration it has\. Correct spillway\.yaml and reload again\./)
  assert.equal((await chat(url)).status, 200)
  writeFileSync(file, config)
  assert.deepEqual(await (await post(adminUrl)).json(), { ok: true })
  assert.equal((await chat(url)).status, 200)
})

test('what only a restart changes is said, and an open port never loses its keys', async (t) => {
  const origin = await ollama(t)
  const callers = 'callers:\n  - { name: chat, key: key }\n'
  const { running, cwd, url, adminUrl } = await serve(t, configFor(origin, callers), ['--listen', '0.0.0.0:0'])
  const near = url.replace('0.0.0.0', '127.0.0.1')
  const file = join(cwd, 'spillway.yaml')
  writeFileSync(file, configFor(origin))
  assert.equal((await post(adminUrl)).status, 400)
  await running.says(/can be reached from other machines, and anyone there could ask; list callers with keys/)
  assert.equal((await chat(near)).status, 401)
  const changed = configFor(origin, `${callers}log: { level: debug }\nupstream_transport: undici\n`)
  writeFileSync(file, changed.replace('listen: 127.0.0.1:0', 'listen: 127.0.0.1:1'))
  assert.equal((await post(adminUrl)).status, 200)
  await running.says(/What spillway\.yaml now says of listen, upstream_transport is taken up only by a restart\./)
  assert.equal((await chat(near, {}, { authorization: 'Bearer key' })).status, 200)
})

test('without a file there is nothing to read again, and that is said', async (t) => {
  const origin = await ollama(t)
  const words = ['serve', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0']
  const running = spillway(t, words, { cwd: folderWith(t, {}), env: { OLLAMA_HOST: origin } })
  const [, adminUrl] = await running.says(/\(admin (http:[^\s)]+)\)/)
  running.child.kill('SIGHUP')
  await running.says(/There is no configuration file to read again\./)
  assert.equal((await post(adminUrl!)).status, 409)
})
