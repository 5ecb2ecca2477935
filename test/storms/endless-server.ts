import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Ends } from '../e2e/rig.ts'

export const model = 'm'

export interface EndlessServer {
  readonly origin: string
  /** Connections that are open now. */
  readonly open: number
  /** Requests that are being answered now. */
  readonly answering: number
  /** When a request came, by the name it gave itself, in `performance.now`. */
  readonly cameAt: ReadonlyMap<string, number>
  /** When the connection of a request was closed. */
  readonly leftAt: ReadonlyMap<string, number>
}

interface EndlessOptions {
  /** One frame of every answer. */
  readonly frame?: (name: string) => string
  /** How often it comes; 0 for as fast as it is taken. */
  readonly everyMs?: number
}

const listed = JSON.stringify({ object: 'list', data: [{ id: model, object: 'model' }] })
const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'

export const contentOf = (text: string): string =>
  `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: text } }] })}\n\n`

/**
 * A server on a bare socket whose streams never end by themselves. One whose name begins with `silent` is never answered,
 * and one whose name begins with `flood` gets as much as it takes.
 */
export async function endlessServer(
  t: Ends,
  { frame = contentOf, everyMs = 20 }: EndlessOptions = {},
): Promise<EndlessServer> {
  const cameAt = new Map<string, number>()
  const leftAt = new Map<string, number>()
  const sockets = new Set<Socket>()
  const spoken = new Map<Socket, string>()
  const chunkOf = (name: string): string => {
    const text = frame(name)
    return `${text.length.toString(16)}\r\n${text}\r\n`
  }
  const flood = (socket: Socket, chunk: string): void => {
    while (socket.writable && socket.write(chunk));
    if (socket.writable) socket.once('drain', () => setImmediate(flood, socket, chunk))
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      if (text.startsWith('GET ')) {
        if (!text.endsWith('\r\n\r\n')) return
        text = ''
        socket.write(
          `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${listed.length}\r\n\r\n${listed}`,
        )
        return
      }
      const name = /"user":"([^"]+)"/.exec(text)?.[1]
      if (name === undefined) return
      text = ''
      spoken.set(socket, name)
      cameAt.set(name, performance.now())
      if (name.startsWith('silent')) return
      socket.write(head + chunkOf(name))
      if (name.startsWith('flood')) flood(socket, chunkOf(name))
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      const name = spoken.get(socket)
      if (name !== undefined) leftAt.set(name, performance.now())
      spoken.delete(socket)
    })
  })
  const beat = setInterval(() => {
    for (const [socket, name] of spoken) {
      if (!name.startsWith('silent') && !name.startsWith('flood') && socket.writable) socket.write(chunkOf(name))
    }
  }, everyMs)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    clearInterval(beat)
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    cameAt,
    leftAt,
    get open() {
      return sockets.size
    },
    get answering() {
      return spoken.size
    },
  }
}
