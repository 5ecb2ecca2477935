import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parse } from '../../../config/settings.ts'
import type { ServerFacts } from '../facts.ts'
import { gatherServers } from './servers.ts'

async function opened(t: TestContext, server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host)
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

async function looked(url: string): Promise<ServerFacts> {
  const [server] = await gatherServers(parse({ upstreams: [{ name: 'box', kind: 'openai-compatible', url }] }))
  return server!
}

test('how far a clock is ahead is read from an answer, and no address from a name that is none', async (t) => {
  const port = await opened(
    t,
    createServer((_, response) => {
      response.setHeader('date', new Date(Date.now() + 3_600_000).toUTCString())
      response.end('{"data":[{"id":"a"}]}')
    }),
  )
  const { up, aheadMs, addresses, openAt, certificate, models } = await looked(`http://localhost:${port}`)
  assert.equal(up, true)
  assert.ok(Math.abs(aheadMs! - 3_600_000) < 5_000, `${aheadMs}`)
  assert.ok(Array.isArray(addresses) && addresses.includes('127.0.0.1'))
  assert.equal(openAt, undefined)
  assert.deepEqual([certificate, models.map(({ id }) => id)], [undefined, ['a']])
  const lost = await looked('http://no-such-host.invalid:1')
  assert.deepEqual([lost.up, typeof lost.addresses, lost.aheadMs], [false, 'string', undefined])
})

const ours = Object.values(networkInterfaces())
  .flatMap((all = []) => all)
  .filter(({ internal, family }) => !internal && family === 'IPv4')

test('a server that listens everywhere can be reached from elsewhere', { skip: ours.length === 0 }, async (t) => {
  const port = await opened(
    t,
    createServer((_, response) => response.end('{"data":[]}')),
    '0.0.0.0',
  )
  assert.equal((await looked(`http://127.0.0.1:${port}`)).openAt, `${ours[0]!.address}:${port}`)
})

const skip = spawnSync('openssl', ['version']).error === undefined ? false : 'openssl is not installed'

test('a certificate is told by how long it is good, and by what is wrong with it', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-doctor-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')]
  const wanted = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '10',
    '-subj',
    '/CN=localhost',
  ]
  execFileSync('openssl', ['req', '-x509', ...wanted, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const port = await opened(
    t,
    createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => response.end('{}')),
  )
  const { up, certificate } = await looked(`https://127.0.0.1:${port}`)
  assert.equal(up, false)
  assert.match(certificate!.fault!, /SELF_SIGNED/)
  assert.ok(certificate!.daysLeft! > 9 && certificate!.daysLeft! <= 10)
  assert.equal((await looked('https://127.0.0.1:1')).certificate, undefined)
})
