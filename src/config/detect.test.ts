import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { fixture } from '../../test/conformance/fixtures.ts'
import { realWorld } from '../http/world.ts'
import { detect, type Found, type Habit, habits } from './detect.ts'

const recorded = (name: string): unknown => JSON.parse(fixture(name).body.toString())

const list = { object: 'list', data: [] }

/** What each kind of server answers; all else is 404. */
const answers: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ollama: {
    '/api/version': recorded('ollama/version'),
    '/api/ps': recorded('ollama/ps-empty'),
    '/v1/models': recorded('ollama/v1-models'),
  },
  lmstudio: { '/api/v0/models': list, '/api/v1/models': { models: [] }, '/v1/models': list },
  vllm: { '/version': recorded('vllm/version'), '/v1/models': recorded('vllm/v1-models'), '/health': {} },
  llamacpp: { '/props': recorded('llamacpp/props'), '/v1/models': recorded('llamacpp/v1-models') },
  // It imitates Ollama, but for what Ollama alone has.
  sglang: {
    '/get_model_info': recorded('sglang/model-info'),
    '/v1/models': recorded('sglang/v1-models'),
    '/api/tags': { models: [] },
  },
  exo: { '/state': recorded('exo/state-empty'), '/v1/models': list },
  tgi: { '/info': recorded('tgi/info'), '/v1/models': list, '/health': {} },
}

async function serving(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const answering =
  (paths: Readonly<Record<string, unknown>>): RequestListener =>
  ({ url = '' }, response) => {
    response.statusCode = url in paths ? 200 : 404
    response.end(url in paths ? JSON.stringify(paths[url]) : 'not found')
  }

async function found(
  t: TestContext,
  looked: readonly Habit[],
  env: Record<string, string> = {},
): Promise<readonly Found[]> {
  const world = realWorld({ connectMs: 500 })
  t.after(() => world.close())
  return detect(world, env, looked)
}

const habit = (name: string): Habit => habits.find(({ kind }) => kind === name)!

test('each server is found on its port, under its own kind', async (t) => {
  const ports = await Promise.all(habits.map(({ kind }) => serving(t, answering(answers[kind] ?? {}))))
  const looked = habits.map((one, i) => ({ ...one, port: ports[i]! }))
  assert.deepEqual(
    await found(t, looked),
    looked.map(({ title, kind, port }) => ({ name: kind, title, kind, url: `http://127.0.0.1:${port}` })),
  )
})

test('the usual ports are those that the servers have', () => {
  assert.deepEqual(
    habits.map(({ kind, port }) => [kind, port]),
    [
      ['ollama', 11_434],
      ['lmstudio', 1_234],
      ['vllm', 8_000],
      ['llamacpp', 8_080],
      ['sglang', 30_000],
      ['exo', 52_415],
      ['tgi', 8_080],
    ],
  )
})

test('no server is taken for another', async (t) => {
  for (const [name, paths] of Object.entries(answers)) {
    const port = await serving(t, answering(paths))
    const names = await found(
      t,
      habits.map((one) => ({ ...one, port })),
    )
    assert.deepEqual(
      names.map((one) => one.name),
      [name],
    )
  }
})

test('a router of llama.cpp is found too, and an LM Studio and an SGLang that know only their newer API', async (t) => {
  const router = await serving(t, answering({ '/props': recorded('llamacpp/router-props') }))
  const studio = await serving(t, answering({ '/api/v1/models': recorded('lmstudio/api-v1-models') }))
  const sglang = await serving(t, answering({ '/model_info': recorded('sglang/model-info') }))
  const looked = [
    { ...habit('llamacpp'), port: router },
    { ...habit('lmstudio'), port: studio },
    { ...habit('sglang'), port: sglang },
  ]
  assert.deepEqual(
    (await found(t, looked)).map(({ name }) => name),
    ['llamacpp', 'lmstudio', 'sglang'],
  )
})

test('whoever else listens there is let be: pages, errors, nonsense, endless answers and silence', async (t) => {
  const strangers: RequestListener[] = [
    (_, response) => response.end('<html>Hello</html>'),
    (_, response) => response.end('[]'),
    (_, response) => response.end('null'),
    answering({ '/api/version': { version: '1' }, '/version': { version: '1' }, '/state': {} }),
    (_, response) => void response.writeHead(500).end('{"version":"1","models":[],"data":[]}'),
    (_, response) => response.destroy(),
    (_, response) => {
      const more = (): boolean => response.write(' '.repeat(64 * 1024))
      response.on('drain', more)
      more()
    },
    () => {},
  ]
  const ports = await Promise.all(strangers.map((stranger) => serving(t, stranger)))
  const looked = ports.flatMap((port) => habits.map((one) => ({ ...one, port })))
  assert.deepEqual(await found(t, looked), [])
})

test('OLLAMA_HOST is read as Ollama reads it', async (t) => {
  const port = await serving(t, answering(answers['ollama']!))
  const nowhere = await serving(t, answering({}))
  const urlsFor = async (host: string): Promise<string[]> =>
    (await found(t, [{ ...habit('ollama'), port: nowhere }], { OLLAMA_HOST: host })).map(({ url }) => url)
  for (const host of [
    `127.0.0.1:${port}`,
    `0.0.0.0:${port}`,
    `[::]:${port}`,
    `localhost:${port}`,
    `http://127.0.0.1:${port}/`,
    ` 127.0.0.1:${port} `,
  ]) {
    assert.deepEqual(await urlsFor(host), [`http://127.0.0.1:${port}`], host)
  }
  for (const host of ['', 'ftp://127.0.0.1', 'http://', ':::']) assert.deepEqual(await urlsFor(host), [], host)
})

test('an Ollama elsewhere does not hide the one on the usual port, and one that is both is one', async (t) => {
  const [one, other] = await Promise.all([
    serving(t, answering(answers['ollama']!)),
    serving(t, answering(answers['ollama']!)),
  ])
  const looked = [{ ...habit('ollama'), port: one }]
  assert.deepEqual(
    (await found(t, looked, { OLLAMA_HOST: `127.0.0.1:${other}` })).map(({ name, url }) => [name, url]),
    [
      ['ollama', `http://127.0.0.1:${other}`],
      ['ollama-2', `http://127.0.0.1:${one}`],
    ],
  )
  assert.deepEqual(
    (await found(t, looked, { OLLAMA_HOST: `0.0.0.0:${one}` })).map(({ name }) => name),
    ['ollama'],
  )
})
