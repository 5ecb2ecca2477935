import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { folderWith } from '../../process.test-helper.ts'
import { gatherConfig } from './config.ts'
import { gatherMachine } from './machine.ts'
import { askedAt, gatherPorts } from './ports.ts'
import { gatherRunning } from './running.ts'

const file = `
admin: { token: "\${file:token}" }
upstreams:
  - { name: box, kind: ollama, url: "http://127.0.0.1:1", api_key: sk-literal-key }
callers:
  - { name: ui, key: "\${UI_KEY:-a-key-for-the-ui}" }
`

test('of keys only the places are known where they stand as they are, and the modes of files that hold some', async (t) => {
  const folder = folderWith(t, { 'spillway.yaml': file, token: 'a-token-from-a-file' })
  const path = join(folder, 'spillway.yaml')
  chmodSync(path, 0o640)
  chmodSync(join(folder, 'token'), 0o604)
  const { config: _, ...facts } = await gatherConfig(path)
  assert.deepEqual(facts, {
    file: path,
    problems: [],
    warnings: [],
    isOpen: false,
    literalSecrets: ['api_key of box'],
    files: [
      { path, holdsSecrets: true, mode: 0o640 },
      { path: join(folder, 'token'), holdsSecrets: true, mode: 0o604 },
    ],
  })
})

test('what is wrong with a configuration comes with its place', async (t) => {
  const path = join(folderWith(t, { 'spillway.yaml': 'upstreams: []\nquue: 1\n' }), 'spillway.yaml')
  const { problems, config } = await gatherConfig(path)
  assert.equal(config, undefined)
  assert.equal(problems.length, 2)
  for (const problem of problems) assert.match(problem, /spillway\.yaml:\d:\d+ /)
  assert.match((await gatherConfig(`${path}.no`)).problems[0]!, /there is no such file/)
})

async function answering(t: TestContext, status: number, body: string): Promise<{ host: string; port: number }> {
  const server = createServer((_, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

test('a port is free, ours or taken, by what answers there', async (t) => {
  const [ours, locked, other] = await Promise.all([
    answering(t, 200, '{"ok":true}'),
    answering(t, 401, '{"ok":false,"error":{"code":"invalid_token"}}'),
    answering(t, 200, 'hello'),
  ])
  const states = async (listen: typeof ours, admin: typeof ours): Promise<string[]> =>
    (await gatherPorts({ listen, admin: { ...admin, token: undefined } })).map(({ state }) => state)
  assert.deepEqual(await states(ours, locked), ['ours', 'ours'])
  assert.deepEqual(await states(other, { ...other, port: 0 }), ['taken', 'free'])
  assert.deepEqual(await states({ host: '192.0.2.1', port: 0 }, other), ['EADDRNOTAVAIL', 'taken'])
  const admin = { ...locked, token: 'wrong' }
  assert.deepEqual(await gatherRunning({ listen: ours, admin }), {
    address: `127.0.0.1:${locked.port}`,
    upstreams: undefined,
    models: [],
    givesUp: [],
    refused: [],
    needsRestart: [],
  })
  assert.equal(await gatherRunning({ listen: ours, admin: { ...other, token: undefined } }), undefined)
  assert.equal(await askedAt({ host: '127.0.0.1', port: 1 }, '/'), undefined)
})

test('the machine tells what it lets the process have', () => {
  const { memoryMaxBytes, heapMaxBytes, filesMax } = gatherMachine({})
  assert.ok(memoryMaxBytes > 1e8 && heapMaxBytes > 1e7)
  if (process.platform === 'linux') assert.ok(filesMax! > 0)
  assert.equal(gatherMachine({ INVOCATION_ID: 'x' }).supervisor, 'systemd')
})
