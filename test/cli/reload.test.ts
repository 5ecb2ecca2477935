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

interface Status {
  readonly config: {
    readonly sha256: string
    readonly refused: { readonly problems: readonly string[] } | null
    readonly needs_restart: readonly string[]
  }
}

const statusOf = async (adminUrl: string): Promise<Status> =>
  (await (await fetch(`${adminUrl}/api/status`)).json()) as Status

test('a changed file is taken up by itself, and so is a changed secret', async (t) => {
  const origin = await ollama(t)
  const key = join(folderWith(t, { key: 'first-key' }), 'key')
  const config = configFor(origin, `callers:\n  - { name: chat, key: "\${file:${key}}" }\n`)
  const { running, cwd, url } = await serve(t, config)
  const statusWith = async (word: string): Promise<number> =>
    (await chat(url, {}, { authorization: `Bearer ${word}` })).status
  assert.deepEqual([await statusWith('first-key'), await statusWith('second-key')], [200, 401])
  writeFileSync(key, 'second-key')
  await running.says(/Took up spillway\.yaml\. Upstreams: 1; callers: 1\./)
  assert.deepEqual([await statusWith('first-key'), await statusWith('second-key')], [401, 200])
  writeFileSync(join(cwd, 'spillway.yaml'), configFor(origin))
  await running.says(/Took up spillway\.yaml\. Upstreams: 1; callers: anyone\./)
  assert.equal((await chat(url)).status, 200)
})

test('a broken file is told on every surface, until it is good again', async (t) => {
  const config = configFor(await ollama(t))
  const { running, cwd, url, adminUrl } = await serve(t, config)
  const { config: before } = await statusOf(adminUrl)
  assert.equal(before.refused, null)
  const told = async (): Promise<readonly unknown[]> => {
    const readiness = await fetch(`${url}/readyz`)
    const { config: word } = (await readiness.json()) as { config?: string }
    const metrics = await (await fetch(`${adminUrl}/metrics`)).text()
    const gauge = /^spillway_config_reload_success (\d)/m.exec(metrics)?.[1]
    const counts = metrics.match(/^spillway_config_reloads_total\{result="\w+"\} \d+/gm)
    return [readiness.status, word, gauge, ...counts!.map((line) => line.split(' ')[1])]
  }
  assert.deepEqual(await told(), [200, undefined, '1', '0', '0'])
  writeFileSync(join(cwd, 'spillway.yaml'), config.replace('kind: ollama', 'kind: olama'))
  await running.says(/goes on with the configuration it has/)
  assert.deepEqual(await told(), [200, 'refused', '0', '0', '1'])
  const { config: after } = await statusOf(adminUrl)
  assert.equal(after.sha256, before.sha256)
  assert.match(after.refused!.problems.join(), /^spillway\.yaml:4:24 upstreams\[0\]\.kind: there is no kind/)
  writeFileSync(join(cwd, 'spillway.yaml'), config)
  await running.says(/Took up/)
  assert.deepEqual(await told(), [200, undefined, '1', '1', '1'])
  assert.equal((await statusOf(adminUrl)).config.refused, null)
})

test('with --no-watch a changed file waits until it is asked for, and the log follows it', async (t) => {
  const config = configFor(await ollama(t))
  const { running, cwd, url, adminUrl } = await serve(t, config, ['--no-watch'])
  const { config: before } = await statusOf(adminUrl)
  writeFileSync(join(cwd, 'spillway.yaml'), `${config}log: { level: debug }\n`)
  await new Promise((resolve) => setTimeout(resolve, 800))
  assert.deepEqual((await statusOf(adminUrl)).config, before)
  assert.equal((await post(adminUrl)).status, 200)
  assert.notEqual((await statusOf(adminUrl)).config.sha256, before.sha256)
  assert.deepEqual((await statusOf(adminUrl)).config.needs_restart, [])
  assert.equal((await chat(url)).status, 200)
  await running.says(/"level":"debug","event":"ask-granted"/)
})
