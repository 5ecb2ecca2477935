import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fixture } from '../conformance/fixtures.ts'

/** A request as it came, and where from. */
export interface Request {
  readonly method: string
  /** Without what stands before it in `url`. */
  readonly path: string
  /** By their names in small letters. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** Resolves when whoever asked has hung up. */
  readonly gone: Promise<void>
}

type Choose = (scene: string, request: Request) => Fixture | Promise<Fixture>

export interface ReplayServer {
  /** Where one scene is played: what stands before every path tells which. */
  readonly url: (scene: string) => string
  readonly close: () => Promise<void>
}

/** Recorded delays are divided by this, and none is longer than so much. */
const faster = 20
const pauseMaxMs = 5

/**
 * Plays recorded exchanges on a real socket: the same head, the same chunks in the same order, and the same kind of end.
 * `choose` says which exchange answers a request.
 */
export async function startReplay(choose: Choose): Promise<ReplayServer> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    void serve(socket, gone, choose)
  })
  // Every gateway looks at every server when it starts.
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: (scene) => `http://127.0.0.1:${port}/${encodeURIComponent(scene)}`,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function serve(socket: Socket, gone: Promise<void>, choose: Choose): Promise<void> {
  try {
    for await (const { head, body } of requestsOn(socket)) {
      const [method = '', target = ''] = head.split(' ', 2)
      const [, scene = '', ...rest] = target.split('/')
      const exchange = await choose(decodeURIComponent(scene), {
        method,
        path: `/${rest.join('/')}`,
        headers: headersIn(head),
        body,
        gone,
      })
      await play(exchange, socket, gone)
    }
  } catch {
    socket.destroy()
  }
}

const headersIn = (head: string): ReadonlyMap<string, string> =>
  new Map(
    head
      .split('\r\n')
      .slice(1)
      .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )

async function* requestsOn(socket: Socket): AsyncGenerator<{ readonly head: string; readonly body: string }> {
  let bytes = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    bytes = Buffer.concat([bytes, chunk])
    const end = bytes.indexOf('\r\n\r\n')
    if (end === -1) continue
    const head = bytes.toString('latin1', 0, end)
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    if (bytes.length < end + 4 + length) continue
    yield { head, body: bytes.toString('utf8', end + 4, end + 4 + length) }
    bytes = bytes.subarray(end + 4 + length)
  }
}

/** One answer, with the pauses between its pieces but not their length. */
async function play(exchange: Fixture, socket: Socket, gone: Promise<void>): Promise<void> {
  const { status, reason, headers, framing, chunks, timesMs, end } = exchange
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  let now = 0
  let waiting: Buffer[] = []
  const at = async (ms: number, bytes: Buffer): Promise<void> => {
    if (ms > now) {
      flush()
      await sleep(Math.min(pauseMaxMs, (ms - now) / faster))
      now = ms
    }
    waiting.push(bytes)
  }
  const flush = (): void => {
    // What came in one read goes out in one write.
    if (waiting.length > 0 && !socket.destroyed) socket.write(Buffer.concat(waiting))
    waiting = []
  }
  await at(timesMs.head, Buffer.from(`HTTP/1.1 ${status} ${reason}\r\n${head}\r\n`, 'latin1'))
  for (const [index, chunk] of chunks.entries()) {
    await at(timesMs.chunks[index]!, framing === 'chunked' ? framed(chunk) : chunk)
  }
  if (end === 'clean' && framing === 'chunked') await at(timesMs.end, Buffer.from('0\r\n\r\n'))
  flush()
  if (end === 'clean') {
    if (framing === 'close' || headers.some(([name, value]) => /^connection$/i.test(name) && /close/i.test(value)))
      socket.end()
    return
  }
  // Where the recording was ended by us, or by nobody, the server would have gone on.
  if (end === 'abort' || end === 'timeout') await gone
  else {
    await sleep(pauseMaxMs)
    socket.resetAndDestroy()
  }
}

const framed = (chunk: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')])
