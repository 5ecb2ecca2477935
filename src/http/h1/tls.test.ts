import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createPlain, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { HttpClient } from './client.ts'
import { get, isFault, post, read, turns, until } from './wire.test-helper.ts'

const skip = spawnSync('openssl', ['version']).error === undefined ? false : 'openssl is not installed'

let key = ''
let cert = ''

before(() => {
  if (skip !== false) return
  const folder = mkdtempSync(join(tmpdir(), 'h1-tls-'))
  const at = (name: string): string => join(folder, name)
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1'
  const wanted = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=test',
  ]
  execFileSync('openssl', ['req', '-x509', ...wanted, '-addext', names, '-keyout', at('key'), '-out', at('cert')], {
    stdio: 'ignore',
  })
  key = readFileSync(at('key'), 'utf8')
  cert = readFileSync(at('cert'), 'utf8')
  rmSync(folder, { recursive: true })
})

interface Encrypted {
  readonly origin: string
  readonly port: number
  readonly sockets: TLSSocket[]
}

async function serve(context: TestContext, answer: (socket: TLSSocket) => void): Promise<Encrypted> {
  const sockets: TLSSocket[] = []
  const server = createServer({ key, cert, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => {
      if (bytes.toString('latin1').endsWith('\r\n\r\n')) answer(socket)
    })
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { origin: `https://localhost:${port}`, port, sockets }
}

function client(context: TestContext, options: ConstructorParameters<typeof HttpClient>[0] = { ca: cert }): HttpClient {
  const made = new HttpClient(options)
  context.after(() => made.close())
  return made
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

test('over TLS it names the server, speaks HTTP/1.1 and keeps the connection', { skip }, async (context) => {
  const server = await serve(context, (socket) => void socket.write(ok))
  const own = client(context)
  for (let n = 0; n < 3; n += 1) assert.equal((await read(await own.send(get(server.origin)))).toString(), 'ok')
  assert.equal(server.sockets.length, 1)
  assert.equal(server.sockets[0]!.alpnProtocol, 'http/1.1')
  assert.equal(server.sockets[0]!.servername, 'localhost')
})

test('a bare address is not sent as a name', { skip }, async (context) => {
  const server = await serve(context, (socket) => void socket.write(ok))
  assert.equal((await read(await client(context).send(get(`https://127.0.0.1:${server.port}`)))).toString(), 'ok')
  assert.equal(server.sockets[0]!.servername, false)
})

test('the next connection resumes the session of the last', { skip }, async (context) => {
  const reused: boolean[] = []
  const server = await serve(context, (socket) => {
    reused.push(socket.isSessionReused())
    socket.end(ok.replace('Content', 'Connection: close\r\nContent'))
  })
  const own = client(context)
  for (let n = 0; n < 2; n += 1) {
    await read(await own.send(get(server.origin)))
    await turns()
  }
  assert.deepEqual(reused, [false, true])
})

test('a certificate that nobody vouches for is refused before anything is sent', { skip }, async (context) => {
  const server = await serve(context, (socket) => void socket.write(ok))
  await assert.rejects(client(context, {}).send(get(server.origin)), isFault('unreachable', true))
})

test('chunks of many megabytes arrive whole over TLS, to a slow reader as well', { skip }, async (context) => {
  const piece = Buffer.alloc(100_000, 'x')
  const server = await serve(context, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    for (let n = 0; n < 100; n += 1) {
      socket.write(`${piece.length.toString(16)}\r\n`)
      socket.write(piece)
      socket.write('\r\n')
    }
    socket.write('0\r\n\r\n')
  })
  let size = 0
  for await (const bytes of (await client(context).send(get(server.origin))).body) {
    size += bytes.length
    if (size < 2_000_000) await turns(2)
  }
  assert.equal(size, 100 * piece.length)
})

test('a broken TLS connection breaks the answer', { skip }, async (context) => {
  const server = await serve(context, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello', () => setImmediate(() => socket.destroy()))
  })
  await assert.rejects(client(context).send(get(server.origin)).then(read), isFault('reset'))
})

test('calling off a request over TLS closes its connection', { skip }, async (context) => {
  const server = await serve(context, () => {})
  const cut = new AbortController()
  const answer = client(context).send(post(server.origin, '/', cut.signal))
  await until(() => server.sockets.length === 1, 'the connection is open')
  cut.abort()
  await assert.rejects(answer, isFault('aborted'))
  await until(() => server.sockets[0]!.destroyed, 'the connection is closed')
})

test('a connection that is not open in time is given up, the handshake included', async (context) => {
  const silent = createPlain(() => {})
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  context.after(() => silent.close())
  const { port } = silent.address() as AddressInfo
  const own = client(context, { connectMs: 30 })
  await assert.rejects(own.send(get(`https://127.0.0.1:${port}`)), isFault('timeout', true))
  assert.equal(own.open, 0)
})

test('a server that does not speak TLS is unreachable, and nothing was sent', async (context) => {
  const plain = createPlain((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  plain.listen(0, '127.0.0.1')
  await once(plain, 'listening')
  context.after(() => plain.close())
  const { port } = plain.address() as AddressInfo
  await assert.rejects(client(context, {}).send(post(`https://127.0.0.1:${port}`)), isFault('unreachable', true))
})
