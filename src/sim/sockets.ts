import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { NetFault, type Outbound } from '../core/world.ts'
import type { Clock } from './labor.ts'
import { SimServer } from './server.ts'
import { likes, type ServerKind, type ServerOptions } from './server-spec.ts'

/** Time as it passes for everybody, or a number of times faster. */
export function realClock(speed: number = 1): Clock {
  return {
    now: () => performance.now() * speed,
    epochMs: () => Date.now(),
    sleep: (ms, signal) => wait(ms / speed, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
  }
}

export interface Listening {
  readonly origin: string
  readonly close: () => Promise<void>
}

/**
 * Puts a simulated server on a real socket. What it writes leaves at once, who hangs up is not told any more, and when it
 * crashes its connections are reset and its port is closed until it comes up again.
 */
export async function listen(
  station: SimServer,
  { port = 0, host = '127.0.0.1' }: { port?: number; host?: string } = {},
): Promise<Listening> {
  const server = createServer((request, response) => void answer(station, request, response))
  server.keepAliveTimeout = 60_000
  await opened(server, port, host)
  const { port: given } = server.address() as AddressInfo
  let changing = Promise.resolve()
  const unwatch = station.onPower((up) => {
    if (!up) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      changing = changing.then(() => closed)
    } else changing = changing.then(() => opened(server, given, host))
  })
  return {
    origin: `http://${host}:${given}`,
    async close() {
      unwatch()
      await changing
      if (!server.listening) return
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

/** A server of a kind on a port of its own, for a test: `const { server, origin, close } = await simServer('ollama')`. */
export async function simServer(
  kind: ServerKind,
  { speed = 1, port = 0, ...options }: ServerOptions & { readonly speed?: number; readonly port?: number } = {},
): Promise<Listening & { readonly server: SimServer }> {
  const server = new SimServer(likes[kind](options), realClock(speed))
  return { server, ...(await listen(server, { port })) }
}

async function answer(station: SimServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  try {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const inbound = await station.send({
      method: (request.method ?? 'GET') as Outbound['method'],
      origin: '',
      path: request.url ?? '/',
      headers: Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      body: Buffer.concat(chunks),
      signal: gone.signal,
    })
    response.writeHead(inbound.status, inbound.headers)
    // A head that comes before the first token must not wait for it.
    response.flushHeaders()
    for await (const bytes of inbound.body) response.write(bytes)
    response.end()
  } catch (error) {
    if (error instanceof NetFault && error.kind === 'reset') request.socket.resetAndDestroy()
    else request.socket.destroy()
    if (!(error instanceof NetFault) && !gone.signal.aborted) throw error
  }
}

function opened(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
