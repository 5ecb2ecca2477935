import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Ask, Caller } from '../core/ask.ts'
import type { Dialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import { noPressure, type Pressure } from '../core/pressure.ts'
import { checkSpeaks } from '../core/scope.ts'
import { Watchdog } from '../core/watchdog.ts'
import type { Gateway } from '../gateway.ts'
import { connectionsMax as safeConnections } from '../telemetry/capacity.ts'
import { faultFor, isGone, writeReply } from './answer.ts'
import { checkBodyHead, parseBody, readBody } from './body.ts'
import { closedDoor } from './doors/closed-doors.ts'
import { type Head, readHead } from './guard.ts'
import type { Guest } from './guest.ts'
import { type Heartbeat, heartbeatFor } from './heartbeat.ts'
import { limitHeaders } from './limit-headers.ts'
import { type Nonsense, nonsenseIn, writeRaw } from './nonsense.ts'
import { readiness } from './readiness.ts'
import { type Crowd, Reception } from './reception.ts'
import { writeFault, writeText } from './refusal.ts'
import { type Route, Routes, type Shape } from './routes.ts'
import { refuseStrangers } from './strangers.ts'

export interface DoorOptions {
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  /** How long a caller may take to send its headers. */
  readonly headersMs?: number
  /** How long it may take to send the whole request. */
  readonly requestMs?: number
  /** How near the process is to the end of what it has. */
  readonly pressure?: Pressure
  /** The most connections that are safe; found out where it is not said. */
  readonly connectionsMax?: number
  /** A socket that somebody else made and keeps, to be listened on in place of one at host and port. */
  readonly socket?: object | undefined
  /** What a probe of readiness is told beside yes or no. */
  readonly remarks?: (() => Readonly<Record<string, string>>) | undefined
}

export interface Door {
  readonly address: { readonly host: string; readonly port: number }
  readonly crowd: Crowd
  /** Closes, at the second call in a row, connections on which nothing is under way. */
  closeIdle(): void
  /** Whoever asks whether it is ready is told no from now on, and each answer is the last on its connection. */
  leave(): void
  /**
   * Stops listening and waits for the answers under way, at most this long; what is left then is told so and cut.
   * Connections without a request are closed after `idleMs`: one that comes just then would find nobody. Said again, it
   * is what was said last that holds.
   */
  close(deadlineMs?: number, idleMs?: number): Promise<void>
}

/** Connections that may wait to be taken. */
const backlog = 4_096

/** Opens the callers' port. Resolves when it listens; rejects when the address cannot be had. */
export function startDoor(gateway: Gateway, options: DoorOptions): Promise<Door> {
  const house = new House(gateway, options)
  return new Promise((resolve, reject) => {
    house.server.once('error', reject)
    const listening = (): void => {
      house.server.off('error', reject)
      // Without it, a file too many would end the process.
      house.server.on('error', () => house.reception.missed())
      const { address, port } = house.server.address() as AddressInfo
      const { reception } = house
      resolve({
        address: { host: address, port },
        crowd: reception,
        closeIdle: () => reception.closeIdle(),
        leave: () => house.leave(),
        close: (deadlineMs, idleMs) => house.close(deadlineMs, idleMs),
      })
    }
    const { host, port, socket } = options
    if (socket === undefined) house.server.listen(port, host, backlog, listening)
    else house.server.listen(socket, backlog, listening)
  })
}

class House {
  readonly server: Server
  readonly #gateway: Gateway
  readonly #remarks: NonNullable<DoorOptions['remarks']>
  readonly #routes: Routes
  /** The clock of all heartbeats. */
  readonly #watchdog: Watchdog
  readonly reception: Reception
  readonly #idPrefix: string
  #requests = 0
  #leaving = false
  #idleMs = 0
  #closed: Promise<void> | undefined
  #isClosed = false
  #deadline: NodeJS.Timeout | undefined

  constructor(
    gateway: Gateway,
    {
      headersMs = 10_000,
      requestMs = 120_000,
      pressure = noPressure,
      connectionsMax = safeConnections(),
      remarks = () => ({}),
    }: DoorOptions,
  ) {
    this.#gateway = gateway
    this.#remarks = remarks
    this.#watchdog = new Watchdog(gateway.world)
    this.reception = new Reception({ gateway, watchdog: this.#watchdog, pressure, connectionsMax })
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
    this.server.on('connection', (socket) => this.reception.admit(socket))
    this.server.on('request', (_, response) => this.#handle(response))
    // The word to go on is given when the head has passed.
    this.server.on('checkContinue', (_, response) => this.#handle(response))
    this.server.on('checkExpectation', (_, response) => this.#handle(response))
    this.server.on('connect', ({ url = '' }, socket) => this.#refuseRaw(socket, { fault: methodRefused, target: url }))
    this.server.on('clientError', (error, socket) => this.#refuseRaw(socket, nonsenseIn(error)))
    // Node's own would cut an answer that is on its way out when its caller reads slowly.
    this.server.closeIdleConnections = () => {
      for (const guest of this.reception.guests) guest.leave(this.#idleMs)
    }
  }

  leave(): void {
    this.#leaving = true
  }

  close(deadlineMs = 30_000, idleMs = 0): Promise<void> {
    this.leave()
    if (this.#isClosed) return Promise.resolve()
    this.#idleMs = idleMs
    // Who had more time before has it no longer.
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => this.#cut(), deadlineMs)
    if (this.#closed !== undefined) this.server.closeIdleConnections()
    this.#closed ??= new Promise((resolve) => {
      this.server.close(() => {
        this.#isClosed = true
        clearTimeout(this.#deadline)
        resolve()
      })
    })
    return this.#closed
  }

  #cut(): void {
    for (const guest of this.reception.guests) guest.cut()
    // Time for the last word to go out.
    this.#deadline = setTimeout(() => this.server.closeAllConnections(), 500)
  }

  #handle(response: ServerResponse): void {
    const guest = this.reception.guestOf(response.req.socket)
    // What follows a refusal on its connection may be a part of what was refused.
    if (guest === undefined || guest.spoilt) return
    guest.begin(response)
    if (this.#leaving) response.shouldKeepAlive = false
    let head: Head
    try {
      head = readHead(response.req)
      const { isOpen, takesKeyless } = this.#gateway.callers
      if (isOpen || (takesKeyless && head.credential === undefined)) refuseStrangers(head.host, head.origin)
      // Whoever looks after the process has to know, whatever the pressure.
      if (!isHealth(head.path)) this.reception.checkRoom(guest, response, head.contentLength ?? 0)
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
      const caller = this.#identify(guest, response, head, dialect.id)
      const raw = await this.#read(response, head)
      const { patienceMs, deadlineMs, priority, cloud, clamp } = head
      const headers = passedHeaders(dialect, response)
      const ask = gateway.ask({
        dialect,
        body: parseBody(raw),
        raw,
        caller,
        signal,
        id: requestId,
        isOurId: head.requestId === undefined,
        patienceMs,
        deadlineMs,
        priority,
        cloud,
        clamp,
        headers,
      })
      asked = ask
      const audience = { response, dialect, requestId, signal, readers: this.reception.readers }
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
      const { req } = response
      if (isHealth(path)) return this.#tellHealth(guest, response, head)
      const closed = closedDoor(path)
      if (closed !== undefined) {
        this.#identify(guest, response, head)
        throw closed
      }
      const shown = path.slice(0, 200)
      if (route === undefined) throw new Fault('no-such-route', `There is no ${shown} here.`)
      const asked = method === 'HEAD' ? 'GET' : method
      const door = route.doors.find((one) => one.method === asked)
      if (door === undefined) throw new Fault('wrong-method', `${shown} takes ${route.allow}.`)
      const caller =
        door.open === true ? nobody : this.#identify(guest, response, head, this.#routes.shapeFor(path, req.headers).id)
      const body = door.method === 'POST' ? parseBody(await this.#read(response, head)) : {}
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

  #tellHealth(guest: Guest, response: ServerResponse, head: Head): void {
    const { method, path, host, origin, credential } = head
    if (method !== 'GET' && method !== 'HEAD') throw new Fault('wrong-method', `${path} takes GET, HEAD.`)
    if (path === '/healthz') return writeText(response, 200, '{"ok":true}')
    const { url = '', headersDistinct: headers } = response.req
    const isProxy = headers['x-forwarded-for'] !== undefined || headers['forwarded'] !== undefined
    const seenFrom = this.reception.addressOf(guest, response)
    const looker = { address: guest.address, seenFrom, host, origin, isProxy, credential }
    const ready = !this.#leaving && this.#gateway.ready
    const { ok, body } = readiness(this.#gateway, ready, looker, queryOf(url).get('model') ?? undefined)
    writeText(response, ok ? 200 : 503, JSON.stringify({ ...body, ...this.#remarks() }))
  }

  /** Who asks, and whether it may in this dialect. */
  #identify(guest: Guest, response: ServerResponse, head: Head, dialect?: string): Caller {
    const caller = this.#gateway.identify(head.credential, this.reception.addressOf(guest, response))
    if (dialect !== undefined) checkSpeaks(caller, dialect)
    return caller
  }

  #read(response: ServerResponse, head: Head): Promise<Buffer> {
    const { bodyBytes } = this.reception.bounds
    checkBodyHead(head, bodyBytes)
    return readBody(response, head, bodyBytes)
  }

  /** Turned away before there was an ask: told in the form its path suggests, and counted. */
  #refuse(response: ServerResponse, error: unknown, head?: Head, requestId: string = this.#nextId()): void {
    const { req } = response
    const fault = Fault.from(error)
    const shape = this.#routes.shapeFor(req.url ?? '', req.headers)
    // An unread body, or a head that two would read in two ways, stands between this request and any other behind it.
    const close = head === undefined || (head.hasBody && !req.complete)
    const guest = this.reception.guestOf(req.socket)
    if (close && guest !== undefined) guest.spoilt = true
    const methods = head === undefined ? undefined : this.#routes.at(head.path)?.allow
    const allow = fault.kind === 'wrong-method' ? (methods ?? 'GET, HEAD, POST') : undefined
    writeFault(response, fault, shape, { requestId, allow, close })
    this.#count(fault, shape)
  }

  /** Turned away where Node made no request of it: nonsense, or a method that leaves HTTP. */
  #refuseRaw(socket: Duplex, nonsense: Nonsense | undefined): void {
    const guest = this.reception.guestOf(socket as Socket)
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

  #nextId(): string {
    this.#requests += 1
    return `${this.#idPrefix}-${this.#requests.toString(36)}`
  }
}

const isHealth = (path: string): boolean => path === '/healthz' || path === '/readyz'

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
