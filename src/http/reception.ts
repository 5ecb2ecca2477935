import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Bounds, usualBounds } from '../core/bounds.ts'
import type { ConnectionCut } from '../core/event.ts'
import { Fault } from '../core/fault.ts'
import type { Pressure } from '../core/pressure.ts'
import type { Settings } from '../core/settings.ts'
import { spread } from '../core/spread.ts'
import type { Watchdog } from '../core/watchdog.ts'
import type { Gateway } from '../gateway.ts'
import { ClientAddresses } from './client-address.ts'
import { Guest } from './guest.ts'
import { Readers } from './readers.ts'
import { lingerMs } from './refusal.ts'
import { Visitors } from './visitors.ts'

/** Who is at the door now. */
export interface Crowd {
  readonly connections: number
  readonly connectionsMax: number
  /** Those who do not read as fast as they are answered, and what waits for them. */
  readonly slowReaders: number
  readonly unreadBytes: number
}

interface ReceptionParts {
  readonly gateway: Gateway
  readonly watchdog: Watchdog
  readonly pressure: Pressure
  readonly connectionsMax: number
}

type Crowding = Exclude<ConnectionCut, 'stalled' | 'unread'>

const said: Readonly<Record<Crowding, string>> = {
  'too-many': 'There are as many connections as this gateway can hold. Try again in a moment.',
  'too-many-of-one': 'There are too many connections from this address. Close some, or use one for more requests.',
  pressure: 'This gateway is short of memory, time or files. Try again in a moment.',
}

/** When one who was turned away for want of room may try again. */
const backMs = 2_000

/** So many may hear at once that there is no room, in places beside those of all the others. */
const unwelcomeMost = 16
const unwelcomeShare = 1 / 4

/** Requests on one connection that are under way at once. Hardly a client sends a second before its answer. */
const pipelinedMax = 32

/** Who comes in, who is turned away for want of room, and who is sent away because it does not listen. */
export class Reception implements Crowd {
  readonly readers: Readers
  readonly #parts: ReceptionParts
  readonly #guests = new Map<Socket, Guest>()
  readonly #visitors: Visitors
  #addresses = new ClientAddresses()
  /** What it was made from: another configuration may have others. */
  #trusted: Settings['trustedProxies']
  /** Connections for which there was no room, and that are still there to hear it. */
  #unwelcome = 0

  constructor(parts: ReceptionParts) {
    const { gateway, watchdog, connectionsMax } = parts
    const bounds = (): Bounds => this.bounds
    this.#parts = parts
    this.#visitors = new Visitors({ bounds, connectionsMax })
    this.readers = new Readers({ now: () => gateway.world.now(), watchdog, bounds, onCut: (why) => this.#tell(why) })
  }

  get bounds(): Bounds {
    return this.#parts.gateway.settings.bounds ?? usualBounds
  }

  get guests(): Iterable<Guest> {
    return this.#guests.values()
  }

  get connections(): number {
    return this.#visitors.size
  }

  get connectionsMax(): number {
    return this.#visitors.max
  }

  get slowReaders(): number {
    return this.readers.size
  }

  get unreadBytes(): number {
    return this.readers.unreadBytes
  }

  guestOf(socket: Socket): Guest | undefined {
    return this.#guests.get(socket)
  }

  admit(socket: Socket): void {
    const owner = this.#knownAddresses.ownerOf(socket.remoteAddress)
    const why = this.#visitors.enter(owner) ?? (this.#parts.pressure.isShut ? 'pressure' : undefined)
    const guest = new Guest(socket)
    this.#guests.set(socket, guest)
    socket.on('close', () => {
      this.#guests.delete(socket)
      this.#visitors.leave(owner)
      if (guest.unwelcome !== undefined) this.#unwelcome -= 1
      // Queued, waiting or streaming: who hangs up is gone everywhere at once.
      guest.cut()
    })
    if (why !== undefined) this.#turnAway(guest, socket, why)
  }

  /** Looks for connections that only take up room: the second time it sees one so, it closes it. */
  closeIdle(): void {
    for (const guest of this.#guests.values()) guest.rest()
  }

  /** The system closed a connection as it came, for want of files. That ends it, and nothing else. */
  missed(): void {
    this.#tell('pressure')
  }

  /** Before anything of a body is read, so that a refusal costs next to nothing. Throws why there is no room for a request. */
  checkRoom({ unwelcome, answering }: Guest, response: ServerResponse, bytes: number): void {
    const { pressure, gateway } = this.#parts
    if (pressure.isClosing) response.shouldKeepAlive = false
    if (answering > pipelinedMax) throw new Fault('bad-request', 'Too many requests at once on one connection.')
    const fault = unwelcome ?? (pressure.isRefusing || !pressure.takes(bytes) ? overloaded('pressure') : undefined)
    if (fault !== undefined) throw spread(fault, gateway.world)
  }

  /** Where a request comes from, as far as can be known. */
  addressOf(guest: Guest, { req }: ServerResponse): string | undefined {
    const { trustedProxies = [] } = this.#parts.gateway.settings
    if (trustedProxies.length === 0) return guest.address
    return this.#knownAddresses.of(guest.address, req.headersDistinct['x-forwarded-for'])
  }

  /** Hears why, if it asks at once: it costs a file meanwhile. Where there are many of them already, it hears nothing. */
  #turnAway(guest: Guest, socket: Socket, why: Crowding): void {
    this.#tell(why)
    guest.unwelcome = overloaded(why)
    const most = Math.min(unwelcomeMost, Math.floor(this.connectionsMax * unwelcomeShare))
    if ((this.#unwelcome += 1) > most) socket.destroy()
    else setTimeout(() => socket.destroy(), lingerMs).unref()
  }

  #tell(why: ConnectionCut): void {
    this.#parts.gateway.emit({ type: 'connection-cut', why })
  }

  get #knownAddresses(): ClientAddresses {
    const { trustedProxies } = this.#parts.gateway.settings
    if (trustedProxies !== this.#trusted) {
      this.#trusted = trustedProxies
      this.#addresses = new ClientAddresses(trustedProxies)
    }
    return this.#addresses
  }
}

const overloaded = (why: Crowding): Fault => new Fault('overloaded', said[why], { retryAfterMs: backMs })
