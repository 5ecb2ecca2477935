import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { fixture } from '../../test/conformance/fixtures.ts'
import { folderWith, type Running, spillway } from './process.test-helper.ts'

interface Box {
  readonly port: number
  /** Resolves with the answer that waits for its end, once a chat is under way. */
  readonly chat: Promise<ServerResponse>
}

/** An Ollama that begins each chat and leaves its end to the test. */
async function box(t: TestContext): Promise<Box> {
  const chat = Promise.withResolvers<ServerResponse>()
  const server = createServer((request, response) => {
    const name = { '/api/version': 'version', '/api/tags': 'tags', '/api/ps': 'ps-empty' }[request.url ?? '']
    if (name !== undefined) return void response.end(fixture(`ollama/${name}`).body)
    if (request.url !== '/api/chat') return void response.writeHead(404).end('{"error":"not here"}')
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.write('{"model":"m","message":{"role":"assistant","content":"one"},"done":false}\n')
    chat.resolve(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, chat: chat.promise }
}

const fileFor = ({ port }: Box, more = ''): string =>
  `upstreams:\n  - { name: box, kind: ollama, url: "http://127.0.0.1:${port}", models: { serve: { m: m } } }\n${more}`

const anyPorts = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0']

const readyLine = /Spillway listens on (http:\/\/127\.0\.0\.1:\d+) \(admin (http:\/\/127\.0\.0\.1:\d+)\)/

async function ready(running: Running): Promise<{ readonly url: string; readonly admin: string }> {
  const [, url = '', admin = ''] = await running.says(readyLine)
  return { url, admin }
}

const ask = (url: string): Promise<Response> =>
  fetch(`${url}/api/chat`, { method: 'POST', body: '{"model":"m","messages":[{"role":"user","content":"Hi"}]}' })

test('it finds spillway.yaml, says where it listens in one line, answers, and ends with 0 on SIGTERM', async (t) => {
  const cwd = folderWith(t, { 'spillway.yaml': fileFor(await box(t), 'cache: { enabled: true }\n') })
  const running = spillway(t, ['serve', ...anyPorts], { cwd })
  const { url, admin } = await ready(running)
  const statuses = await Promise.all(
    [`${url}/healthz`, `${url}/readyz`, `${admin}/metrics`].map(async (at) => (await fetch(at)).status),
  )
  assert.deepEqual(statuses, [200, 200, 200])
  running.child.kill('SIGTERM')
  const { code, out, err } = await running.ended
  assert.deepEqual([code, err], [0, ''])
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: string; text?: string })
  assert.equal(lines.filter(({ text }) => text?.startsWith('Spillway listens')).length, 1)
  assert.match(lines.find(({ level }) => level === 'warn')?.text ?? '', /^spillway\.yaml:3:1 cache: nothing is cached/)
})

test('SIGTERM lets the running answer end, tells newcomers so, and a readiness probe too', async (t) => {
  const server = await box(t)
  const cwd = folderWith(t, { 'spillway.yml': fileFor(server) })
  const running = spillway(t, ['serve', ...anyPorts], { cwd })
  const { url } = await ready(running)
  const answer = await ask(url)
  const upstream = await server.chat
  running.child.kill('SIGTERM')
  await running.says(/Ending\. Requests under way: 1\./)
  assert.equal((await fetch(`${url}/readyz`)).status, 503)
  assert.equal((await fetch(`${url}/healthz`)).status, 200)
  assert.equal((await ask(url)).status, 503)
  upstream.end('{"model":"m","message":{"role":"assistant","content":" two"},"done":true,"done_reason":"stop"}\n')
  assert.match(await answer.text(), /one.*\n.* two.*"done":true/)
  assert.equal((await running.ended).code, 0)
})

test('a second signal ends at once', async (t) => {
  const server = await box(t)
  const running = spillway(t, ['serve', ...anyPorts, '--config', 's.yaml'], {
    cwd: folderWith(t, { 's.yaml': fileFor(server) }),
  })
  const { url } = await ready(running)
  const answer = await ask(url)
  await server.chat
  running.child.kill('SIGINT')
  await running.says(/Ending/)
  running.child.kill('SIGINT')
  assert.equal((await running.ended).code, 1)
  await assert.rejects(answer.text())
})

test('what is wrong with the file or the flags is said on stderr without a stack, and nothing starts', async (t) => {
  const server = await box(t)
  const cwd = folderWith(t, { 'bad.yaml': 'upstreams: []\nquue: 1\n', 'good.yaml': fileFor(server) })
  const said = async (...words: string[]): Promise<string> => {
    const { code, out, err } = await spillway(t, ['serve', ...words], { cwd }).ended
    assert.deepEqual([code, out], [1, ''])
    assert.doesNotMatch(err, /^ {4}at /m)
    return err
  }
  const [file, flag, open, gone] = await Promise.all([
    said('--config', 'bad.yaml'),
    said('--config', 'good.yaml', '--listen', 'nowhere'),
    said('--config', 'good.yaml', '--listen', '0.0.0.0:0'),
    said('--config', 'none.yaml'),
  ])
  assert.match(file, /^bad\.yaml:1:12 upstreams: is empty; list at least one\nbad\.yaml:2:1 quue: there is no such key/)
  assert.match(flag, /^--listen nowhere is no address; write HOST:PORT/)
  assert.match(open, /^listen: "0\.0\.0\.0:0" can be reached from other machines, and anyone there could ask/)
  assert.equal(gone, 'none.yaml: there is no such file\n')
})

test('a port that is taken is one sentence', async (t) => {
  const server = await box(t)
  const cwd = folderWith(t, { 'spillway.yaml': fileFor(server) })
  const taken = `127.0.0.1:${server.port}`
  const ended = await Promise.all([
    spillway(t, ['serve', '--listen', taken, '--admin', '127.0.0.1:0'], { cwd }).ended,
    spillway(t, ['serve', '--listen', '127.0.0.1:0', '--admin', taken], { cwd }).ended,
  ])
  const said = `${taken} is taken, perhaps by another Spillway; choose another with --listen or --admin.\n`
  assert.deepEqual(
    ended.map(({ code, err }) => [code, err]),
    [
      [1, said],
      [1, said],
    ],
  )
})

test('without a file it looks for servers, says what it found, and serves them', async (t) => {
  const { port } = await box(t)
  const running = spillway(t, ['serve', ...anyPorts], {
    cwd: folderWith(t, {}),
    env: { OLLAMA_HOST: `127.0.0.1:${port}` },
  })
  await running.says(new RegExp(`Found Ollama at http://127\\.0\\.0\\.1:${port}\\.`))
  const { url } = await ready(running)
  const { models } = (await (await fetch(`${url}/api/tags`)).json()) as { models: unknown[] }
  assert.ok(models.length > 0)
})
