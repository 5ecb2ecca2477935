import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Ask, Caller } from '../core/ask.ts'
import type { Dialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import type { Settings } from '../core/settings.ts'
import { Watchdog } from '../core/watchdog.ts'
import type { Gateway } from '../gateway.ts'
import { faultFor, isGone, writeReply } from './answer.ts'
import { checkBodyHead, parseBody, readBody } from './body.ts'
import { ClientAddresses } from './client-address.ts'
import { closedDoor } from './doors/closed-doors.ts'
import { type Head, readHead } from './guard.ts'
import { Guest } from './guest.ts'
import { type Heartbeat, heartbeatFor } from './heartbeat.ts'
import { limitHeaders } from './limit-headers.ts'
import { type Nonsense, nonsenseIn, writeRaw } from './nonsense.ts'
import { readiness } from './readiness.ts'
import { writeFault, writeText } from './refusal.ts'
import { type Route, Routes, type Shape } from './routes.ts'
import { refuseStrangers } from './strangers.ts'

export interface DoorOptions {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  /** The largest body that is read. */
  readonly bodyMaxBytes?: number
  /** How long a caller may take to send its headers. */
  readonly headersMs?: number
  /** How long it may take to send the whole request. */
  readonly requestMs?: number
  /** How long a stream may stand still because its caller does not read. */
  readonly stallMs?: number
}

export interface Door {
  readonly address: { readonly host: string; readonly port: number }
  /** Stops listening and waits for the answers under way, at most this long; what is left then is told so and cut. */
  close(deadlineMs?: number): Promise<void>
}

/** Opens the callers' port. Resolves when it listens; rejects when the address cannot be had. */
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
  readonly #stallMs: number
  readonly #routes: Routes
  /** The clock of all heartbeats. */
  readonly #watchdog: Watchdog
  readonly #guests = new Map<Socket, Guest>()
  readonly #idPrefix: string
  #addresses = new ClientAddresses()
  /** What it was made from: another configuration may have others. */
  #trusted: Settings['trustedProxies']
  #requests = 0
  #closed: Promise<void> | undefined

  constructor(
    gateway: Gateway,
    { bodyMaxBytes = 32 * 1024 * 1024, headersMs = 10_000, requestMs = 120_000, stallMs = 30_000 }: DoorOptions,
  ) {
    this.#gateway = gateway
    this.#bodyMaxBytes = bodyMaxBytes
    this.#stallMs = stallMs
    this.#watchdog = new Watchdog(gateway.world)
    this.#routes = new Routes(gateway.dialects)
    this.#idPrefix = Math.floor(gateway.world.random() * 0x1_0000_0000_0000).toString(36)
    this.server = createServer({
      insecureHTTPParser: false,
      maxHeaderSize: 16 * 1024,
      // Its absence is refused by the guard, in words.
      requireHostHeader: false,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.min(1_000, headersMs),
      // Longer than clients keep their connections, so that it is they who close them.
      keepAliveTimeout: 75_000,
      // Finds out about callers who vanished without a word.
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      noDelay: true,
      // What a stalled reader may hold back before its server is held back too.
      highWaterMark: 16 * 1024,
    })
    this.server.maxHeadersCount = 200
    this.server.on('connection', (socket) => this.#admit(socket))
    this.server.on('request', (_, response) => this.#handle(response))
    // The word to go on is given when the head has passed.
    this.server.on('checkContinue', (_, response) => this.#handle(response))
    this.server.on('checkExpectation', (_, response) => this.#handle(response))
    this.server.on('connect', ({ url = '' }, socket) => this.#refuseRaw(socket, { fault: methodRefused, target: url }))
    this.server.on('clientError', (error, socket) => this.#refuseRaw(socket, nonsenseIn(error)))
    // Node's own would cut an answer that is on its way out when its caller reads slowly.
    this.server.closeIdleConnections = () => {
      for (const guest of this.#guests.values()) guest.leave()
    }
  }

  close(deadlineMs = 30_000): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      let deadline = setTimeout(() => {
        for (const guest of this.#guests.values()) guest.cut()
        // Time for the last word to go out.
        deadline = setTimeout(() => this.server.closeAllConnections(), 500)
      }, deadlineMs)
      this.server.close(() => {
        clearTimeout(deadline)
        resolve()
      })
    })
    return this.#closed
  }

  #admit(socket: Socket): void {
    const guest = new Guest(socket)
    this.#guests.set(socket, guest)
    socket.on('close', () => {
      this.#guests.delete(socket)
      // Queued, waiting or streaming: who hangs up is gone everywhere at once.
      guest.cut()
    })
  }

  #handle(response: ServerResponse): void {
    const guest = this.#guests.get(response.req.socket)
    // What follows a refusal on its connection may be a part of what was refused.
    if (guest === undefined || guest.spoilt) return
    guest.begin(response)
    if (this.#closed !== undefined) response.shouldKeepAlive = false
    let head: Head
    try {
      head = readHead(response.req)
      if (this.#gateway.settings.callers.length === 0) refuseStrangers(head.host, head.origin)
    } catch (error) {
      return this.#refuse(response, error)
    }
    const route = this.#routes.at(head.path)
    if (route?.ask !== undefined && head.method === 'POST') void this.#ask(guest, response, head, route.ask)
    else void this.#answer(guest, response, head, route)
  }

  async #ask(guest: Guest, response: ServerResponse, head: Head, dialect: Dialect): Promise<void> {
    const gateway = this.#gateway
    const gone = guest.ask()
    const { signal } = gone
    const requestId = head.requestId ?? this.#nextId()
    let asked: Ask | undefined
    let heartbeat: Heartbeat | undefined
    try {
      // Who asks comes first: a stranger's body is not worth reading.
      const caller = gateway.identify(head.credential, this.#addressOf(guest, response))
      const raw = await this.#read(response, head)
      const { patienceMs, deadlineMs, priority, cloud } = head
      const headers = passedHeaders(dialect, response)
      const ask = gateway.ask({
        dialect,
        body: parseBody(raw),
        raw,
        caller,
        signal,
        id: requestId,
        patienceMs,
        deadlineMs,
        priority,
        cloud,
        headers,
      })
      asked = ask
      const audience = { response, dialect, requestId, signal, stallMs: this.#stallMs }
      heartbeat = heartbeatFor(ask, audience, { gateway, watchdog: this.#watchdog })
      await writeReply(await gateway.serve(ask), { ...audience, heartbeat })
    } catch (error) {
      if (isGone(response)) return
      const fault = faultFor(error, signal)
      const begun = heartbeat?.stop()
      // Its head has said 200 already.
      if (begun !== undefined) begun.end(dialect.faultFrame(fault))
      else if (response.headersSent) response.destroy()
      // An ask that failed has its own line in the log.
      else if (asked !== undefined) tellFault(response, fault, asked, { dialect, requestId })
      else this.#refuse(response, fault, head, requestId)
    } finally {
      heartbeat?.stop()
      guest.asked(gone)
    }
  }

  /** Everything that is not for a model. */
  async #answer(guest: Guest, response: ServerResponse, head: Head, route: Route | undefined): Promise<void> {
    const requestId = head.requestId ?? this.#nextId()
    const gone = guest.ask()
    try {
      const { method, path } = head
      if (path === '/healthz' || path === '/readyz') return this.#tellHealth(guest, response, head)
      const closed = closedDoor(path)
      if (closed !== undefined) {
        this.#gateway.identify(head.credential)
        throw closed
      }
      const shown = path.slice(0, 200)
      if (route === undefined) throw new Fault('no-such-route', `There is no ${shown} here.`)
      const asked = method === 'HEAD' ? 'GET' : method
      const door = route.doors.find((one) => one.method === asked)
      if (door === undefined) throw new Fault('wrong-method', `${shown} takes ${route.allow}.`)
      const caller = door.open === true ? nobody : this.#gateway.identify(head.credential)
      const body = door.method === 'POST' ? parseBody(await this.#read(response, head)) : {}
      const { req } = response
      const answer = await door.answer({
        gateway: this.#gateway,
        caller,
        rest: route.rest,
        query: queryOf(req.url ?? ''),
        body,
        header: (name) => req.headersDistinct[name]?.[0],
        signal: gone.signal,
      })
      const headers = ['x-request-id', requestId]
      if (typeof answer === 'string') writeText(response, 200, answer, { type: 'text/plain; charset=utf-8', headers })
      else writeText(response, 200, JSON.stringify(answer), { headers })
    } catch (error) {
      if (isGone(response)) return
      this.#refuse(response, error, head, requestId)
    } finally {
      guest.asked(gone)
    }
  }

  #tellHealth({ address }: Guest, response: ServerResponse, head: Head): void {
    const { method, path, host, origin, credential } = head
    if (method !== 'GET' && method !== 'HEAD') throw new Fault('wrong-method', `${path} takes GET, HEAD.`)
    if (path === '/healthz') return writeText(response, 200, '{"ok":true}')
    const { url = '', headersDistinct: headers } = response.req
    const isProxy = headers['x-forwarded-for'] !== undefined || headers['forwarded'] !== undefined
    const looker = { address, host, origin, isProxy, credential }
    const ready = this.#closed === undefined && this.#gateway.ready
    const { ok, body } = readiness(this.#gateway, ready, looker, queryOf(url).get('model') ?? undefined)
    writeText(response, ok ? 200 : 503, JSON.stringify(body))
  }

  #read(response: ServerResponse, head: Head): Promise<Buffer> {
    checkBodyHead(head, this.#bodyMaxBytes)
    return readBody(response, head, this.#bodyMaxBytes)
  }

  /** Turned away before there was an ask: told in the form its path suggests, and counted. */
  #refuse(response: ServerResponse, error: unknown, head?: Head, requestId: string = this.#nextId()): void {
    const { req } = response
    const fault = Fault.from(error)
    const shape = this.#routes.shapeFor(req.url ?? '', req.headers)
    // An unread body, or a head that two would read in two ways, stands between this request and any other behind it.
    const close = head === undefined || (head.hasBody && !req.complete)
    const guest = this.#guests.get(req.socket)
    if (close && guest !== undefined) guest.spoilt = true
    const methods = head === undefined ? undefined : this.#routes.at(head.path)?.allow
    const allow = fault.kind === 'wrong-method' ? (methods ?? 'GET, HEAD, POST') : undefined
    writeFault(response, fault, shape, { requestId, allow, close })
    this.#count(fault, shape)
  }

  /** Turned away where Node made no request of it: nonsense, or a method that leaves HTTP. */
  #refuseRaw(socket: Duplex, nonsense: Nonsense | undefined): void {
    const guest = this.#guests.get(socket as Socket)
    if (guest === undefined || nonsense === undefined) {
      socket.destroy()
      return
    }
    if (guest.spoilt) return
    guest.spoilt = true
    const { last, answering } = guest
    const { fault, target } = nonsense
    if (answering === 0) {
      const shape = this.#routes.shapeFor(target)
      writeRaw(socket, fault, shape)
      this.#count(fault, shape)
    } else if (answering === 1 && last !== undefined && !last.headersSent && !last.req.complete) {
      // It is the rest of a request that was well so far, and has an answer of its own.
      this.#refuse(last, fault)
    } else {
      // Anything said now would be taken for the answer to the request before.
      socket.destroy()
    }
  }

  #count({ kind, status }: Fault, { id }: Shape): void {
    this.#gateway.emit({ type: 'request-refused', kind, status, dialect: id })
  }

  /** Looked at only where it tells callers apart. */
  #addressOf({ address }: Guest, { req }: ServerResponse): string | undefined {
    const { anonymousLimits, trustedProxies } = this.#gateway.settings
    if (anonymousLimits === undefined) return undefined
    if (trustedProxies !== this.#trusted) {
      this.#trusted = trustedProxies
      this.#addresses = new ClientAddresses(trustedProxies)
    }
    return this.#addresses.of(address, req.headersDistinct['x-forwarded-for'])
  }

  #nextId(): string {
    this.#requests += 1
    return `${this.#idPrefix}-${this.#requests.toString(36)}`
  }
}

/** Who asks where nobody is asked for a name: it may see nothing of the fleet. */
const nobody: Caller = { id: 'nobody', weight: 1, priority: 'default', models: new Set(), cloud: 'never' }

/** Turned down in the head of an answer, or within a stream where the client hears it only there. */
function tellFault(
  response: ServerResponse,
  fault: Fault,
  { stream }: Ask,
  { dialect, requestId }: { readonly dialect: Dialect; readonly requestId: string },
): void {
  const { req } = response
  if (!stream || dialect.hearsInStream?.(fault, (name) => req.headersDistinct[name]?.[0]) !== true)
    return writeFault(response, fault, dialect, { requestId })
  const headers = ['x-request-id', requestId, ...limitHeaders(fault.allowances, dialect)]
  writeText(response, 200, dialect.faultFrame(fault), { type: dialect.streamType, headers })
}

const noHeaders: readonly (readonly [string, string])[] = []

/** What an upstream of the same dialect is to see of a caller's headers. */
function passedHeaders({ passHeaders }: Dialect, { req }: ServerResponse): readonly (readonly [string, string])[] {
  if (passHeaders === undefined) return noHeaders
  return passHeaders.flatMap((name) => {
    const value = req.headersDistinct[name]?.join(',')
    return value === undefined ? [] : [[name, value] as const]
  })
}

function queryOf(target: string): URLSearchParams {
  const at = target.indexOf('?')
  return new URLSearchParams(at === -1 ? '' : target.slice(at + 1))
}

const methodRefused = new Fault('wrong-method', 'The method CONNECT is not spoken here.')
