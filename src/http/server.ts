import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Caller } from '../core/ask.ts'
import type { Dialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import type { Gateway } from '../gateway.ts'
import { writeFault, writeJson, writeReply } from './answer.ts'
import { checkBodyHead, parseBody, readBody } from './body.ts'
import { closedDoor, type FleetDoor, fleetDoors } from './fleet-doors.ts'
import { type Head, readHead, Refusal } from './guard.ts'

export interface DoorOptions {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  /** The largest body that is read. */
  readonly bodyMaxBytes?: number
  /** How long a caller may take to send its headers. */
  readonly headersMs?: number
}

export interface Door {
  readonly address: { readonly host: string; readonly port: number }
  /** Stops listening and waits for the answers under way, at most this long. */
  close(deadlineMs?: number): Promise<void>
}

/** Opens the callers' port. Resolves when it listens; rejects when the address is taken. */
export function startDoor(gateway: Gateway, options: DoorOptions): Promise<Door> {
  const house = new House(gateway, options)
  return new Promise((resolve, reject) => {
    house.server.once('error', reject)
    house.server.listen(options.port, options.host, 4_096, () => {
      house.server.off('error', reject)
      const { address, port } = house.server.address() as AddressInfo
      resolve({ address: { host: address, port }, close: (deadlineMs) => house.close(deadlineMs) })
    })
  })
}

class House {
  readonly server: Server
  readonly #gateway: Gateway
  readonly #bodyMaxBytes: number
  readonly #asks: ReadonlyMap<string, Dialect>
  readonly #questions = new Map<string, FleetDoor[]>()
  readonly #firstDialect: Dialect

  constructor(gateway: Gateway, { bodyMaxBytes = 32 * 1024 * 1024, headersMs = 10_000 }: DoorOptions) {
    this.#gateway = gateway
    this.#bodyMaxBytes = bodyMaxBytes
    this.#asks = new Map(gateway.dialects.flatMap((dialect) => dialect.routes.map((route) => [route, dialect])))
    this.#firstDialect = gateway.dialects[0]!
    for (const door of fleetDoors) this.#questions.set(door.path, [...(this.#questions.get(door.path) ?? []), door])
    this.server = createServer({
      maxHeaderSize: 16 * 1024,
      headersTimeout: headersMs,
      requestTimeout: 120_000,
      connectionsCheckingInterval: 1_000,
      // Longer than clients keep their connections, so that it is they who close them.
      keepAliveTimeout: 75_000,
      noDelay: true,
      // What a stalled reader may hold back before its server is held back too.
      highWaterMark: 16 * 1024,
    })
    this.server.maxHeadersCount = 200
    this.server.on('request', (request, response) => this.#handle(request, response))
    this.server.on('clientError', (error, socket) => answerNonsense(error, socket as Socket))
    this.server.on('connect', (_, socket) => socket.end(plainAnswer(405, 'Method Not Allowed')))
    this.server.on('upgrade', (_, socket) => socket.end(plainAnswer(501, 'Not Implemented')))
  }

  close(deadlineMs = 30_000): Promise<void> {
    return new Promise((resolve) => {
      const cut = setTimeout(() => this.server.closeAllConnections(), deadlineMs)
      this.server.close(() => {
        clearTimeout(cut)
        resolve()
      })
      this.server.closeIdleConnections()
    })
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    let head: Head
    try {
      head = readHead(request as RequestLike)
    } catch (error) {
      return this.#refuse(request, response, error)
    }
    const dialect = this.#asks.get(head.path)
    if (dialect !== undefined && head.method === 'POST') this.#ask(request, response, head, dialect)
    else this.#other(request, response, head).catch((error: unknown) => this.#refuse(request, response, error, head))
  }

  #ask(request: IncomingMessage, response: ServerResponse, head: Head, dialect: Dialect): void {
    const gone = new AbortController()
    // Queued, waiting or streaming: whoever hangs up is gone everywhere at once.
    response.on('close', () => {
      if (!response.writableFinished) gone.abort()
    })
    this.#serve(request, response, head, dialect, gone.signal).catch((error: unknown) => {
      const fault = Fault.from(error, gone.signal)
      if (fault.kind === 'cancelled') return
      if (response.headersSent) response.destroy()
      else this.#refuse(request, response, fault, head, dialect)
    })
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    head: Head,
    dialect: Dialect,
    signal: AbortSignal,
  ): Promise<void> {
    const gateway = this.#gateway
    // Who asks comes first: a stranger's body is not worth reading.
    const caller = gateway.identify(head.credential)
    checkBodyHead(head, this.#bodyMaxBytes)
    const raw = await readBody(request, this.#bodyMaxBytes)
    const body = parseBody(raw)
    const { requestId: id, patienceMs, priority, cloud } = head
    const ask = gateway.ask({ dialect, body, raw, caller, signal, id, patienceMs, priority, cloud })
    let reply
    try {
      reply = await gateway.serve(ask)
    } catch (error) {
      const fault = Fault.from(error, signal)
      // It has been an ask, which has its own line in the log.
      if (fault.kind !== 'cancelled') writeFault(response, fault, dialect, { requestId: ask.id })
      return
    }
    await writeReply(response, reply, dialect, ask.id)
  }

  async #other(request: IncomingMessage, response: ServerResponse, head: Head): Promise<void> {
    const { method, path, requestId } = head
    const bodiless = method === 'HEAD'
    if (path === '/healthz') return writeJson(response, 200, '{"ok":true}', { bodiless })
    if (path === '/readyz') return this.#ready(response, bodiless)
    if (path === '/api/hello') return writeJson(response, 200, '{}', { bodiless })
    const closed = closedDoor(path)
    if (closed !== undefined) {
      this.#gateway.identify(head.credential)
      throw closed
    }
    const { doors, rest } = this.#questionsAt(path)
    const asked = bodiless ? 'GET' : method
    const door = doors.find((one) => one.method === asked)
    if (door === undefined) {
      const methods = this.#asks.has(path) ? ['POST'] : doors.map((one) => one.method)
      if (methods.length === 0) throw new Fault('no-such-route', `There is no ${path.slice(0, 200)} here.`)
      response.setHeader('allow', methods.join(', '))
      throw new Fault('wrong-method', `${path.slice(0, 200)} takes ${methods.join(' or ')}.`)
    }
    // Whether anybody is home may be asked by anybody: clients do so before they have a key.
    const caller = path === '/' ? nobody : this.#gateway.identify(head.credential)
    checkBodyHead(head, this.#bodyMaxBytes)
    const body = door.method === 'POST' ? parseBody(await readBody(request, this.#bodyMaxBytes)) : {}
    const answer = await door.answer({ gateway: this.#gateway, caller, rest, body })
    if (typeof answer !== 'string') return writeJson(response, 200, JSON.stringify(answer), { requestId, bodiless })
    response.writeHead(200, ['content-type', 'text/plain; charset=utf-8', 'content-length', String(answer.length)])
    response.end(bodiless ? undefined : answer)
  }

  #questionsAt(path: string): { readonly doors: readonly FleetDoor[]; readonly rest: string } {
    const exact = this.#questions.get(path)
    if (exact !== undefined) return { doors: exact, rest: '' }
    for (const [start, doors] of this.#questions) {
      if (start.length > 1 && start.endsWith('/') && path.startsWith(start)) return { doors, rest: decoded(path.slice(start.length)) }
    }
    return { doors: [], rest: '' }
  }

  #ready(response: ServerResponse, bodiless: boolean): void {
    const { ready } = this.#gateway
    writeJson(response, ready ? 200 : 503, JSON.stringify({ ready }), { bodiless })
  }

  /** Turned away before there was an ask: told in the shape the path suggests, and counted. */
  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown, head?: Head, dialect?: Dialect): void {
    if (response.headersSent) {
      response.destroy()
      return
    }
    const shape = dialect ?? this.#shapeFor(request.url ?? '')
    const known = error instanceof Refusal ? new Fault('bad-request', error.message, { status: error.status }) : Fault.from(error)
    // An unread body stands between this request and any other on its connection.
    const close = error instanceof Refusal || !request.complete
    writeFault(response, known, shape, { requestId: head?.requestId, close, bodiless: request.method === 'HEAD' })
    if (close) request.resume()
    this.#gateway.emit({ type: 'request-refused', kind: known.kind, status: known.status, dialect: shape.id })
  }

  /** The dialect that has its doors nearest to a path. */
  #shapeFor(url: string): Dialect {
    const room = url.split('/', 2)[1] ?? ''
    for (const [route, dialect] of this.#asks) if (route.split('/', 2)[1] === room) return dialect
    return this.#firstDialect
  }
}

type RequestLike = IncomingMessage & { readonly method: string; readonly url: string }

const nobody: Caller = { id: 'nobody', weight: 1, priority: 'default', models: new Set(), cloud: 'never' }

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Refusal(400, 'The path has a % that encodes nothing.')
  }
}

/** What Node's parser could not read. Never a 408: clients take it for an invitation to try again. */
function answerNonsense(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || socket.bytesWritten > 0 || error.code === 'ERR_HTTP_REQUEST_TIMEOUT' || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const answer = error.code === 'HPE_HEADER_OVERFLOW' ? plainAnswer(431, 'Request Header Fields Too Large') : plainAnswer(400, 'Bad Request')
  socket.end(answer)
}

function plainAnswer(status: number, reason: string): string {
  const body = JSON.stringify({ error: { message: `${reason}.`, type: 'invalid_request_error', param: null, code: 'invalid_request' } })
  return (
    `HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
    `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}
