import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { NetFault, type Inbound, type Outbound } from '../../core/world.ts'

/** A request as it came over the wire, and the socket to answer it on. */
export interface Asked {
  readonly socket: Socket
  /** The whole request, head and body. */
  readonly text: string
  readonly path: string
  /** Which request of its connection this is, from 0. */
  readonly nth: number
}

export interface Wire {
  readonly origin: string
  readonly port: number
  /** Every socket ever accepted, in order. */
  readonly sockets: readonly Socket[]
  readonly asked: readonly Asked[]
  close(): Promise<void>
}

/** A server for tests that knows no HTTP: for each whole request it calls `answer`, which writes what bytes it likes. */
export async function listen(answer: (asked: Asked) => void, onSocket?: (socket: Socket) => void): Promise<Wire> {
  const sockets: Socket[] = []
  const asked: Asked[] = []
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => socket.destroy())
    onSocket?.(socket)
    let nth = 0
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      for (let size = requestSize(text); size > 0; size = requestSize(text)) {
        const one = { socket, text: text.slice(0, size), path: text.split(' ', 2)[1]!, nth }
        text = text.slice(size)
        nth += 1
        asked.push(one)
        answer(one)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    sockets,
    asked,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Length of the first whole request in `text`; 0 while it is not whole. */
function requestSize(text: string): number {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return 0
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(0, end + 2))
  const size = end + 4 + Number(length?.[1] ?? 0)
  return text.length >= size ? size : 0
}

/** Answers whatever is asked with these bytes. */
export const says =
  (bytes: string) =>
  ({ socket }: Asked): void =>
    void socket.write(bytes, 'latin1')

export const get = (origin: string, path = '/', signal?: AbortSignal): Outbound => ({
  method: 'GET',
  origin,
  path,
  headers: [],
  body: undefined,
  signal,
})

export const post = (
  origin: string,
  path = '/',
  signal?: AbortSignal,
  body: Uint8Array = Buffer.from('{}'),
): Outbound => ({
  method: 'POST',
  origin,
  path,
  headers: [['content-type', 'application/json']],
  body,
  signal,
})

export async function read(inbound: Inbound): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of inbound.body) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** Lets the event loop poll its sockets a few times. */
export async function turns(count = 4): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits until something is so, and fails rather than waiting for ever. */
export async function until(claim: () => boolean, what: string): Promise<void> {
  const giveUpAt = performance.now() + 3_000
  while (!claim()) {
    if (performance.now() > giveUpAt) throw new Error(`It never came to this: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

export interface Candidate {
  send(out: Outbound): Promise<Inbound>
  close(): Promise<void>
}

/** A server and a client for one test; both end with it. */
export async function connected<Client extends Candidate>(
  context: TestContext,
  suite: { readonly open: () => Client },
  answer: (asked: Asked) => void,
): Promise<{ wire: Wire; client: Client }> {
  const wire = await listen(answer)
  const client = suite.open()
  context.after(async () => {
    await client.close()
    await wire.close()
  })
  return { wire, client }
}

/** A check for `assert.rejects`. */
export function isFault(kind: NetFault['kind'], unsent?: boolean): (fault: unknown) => true {
  return (fault) => {
    assert.ok(fault instanceof NetFault, String(fault))
    assert.equal(fault.kind, kind, `${fault.kind}: ${fault.message}`)
    if (unsent !== undefined) assert.equal(fault.unsent, unsent)
    return true
  }
}
