import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Fault } from '../core/fault.ts'
import { plainAddress } from './client-address.ts'

/** A connection of a caller, and what is under way on it. */
export class Guest {
  /** The newest answer: the one a broken request would have had. */
  last: ServerResponse | undefined
  /** Answers begun, or to begin, that are not out yet. Pipelining makes it more than one. */
  answering = 0
  /** Something on it was refused so that nothing behind it can be trusted: it is closed, and nothing more is heard. */
  spoilt = false
  /** What the first thing asked on it is answered with: there was no room for it. */
  unwelcome: Fault | undefined
  readonly #socket: Socket
  #address: string | undefined
  /** Nothing was under way on it when it was last looked at. */
  #isResting = false
  /** The ask under way; on a pipelined connection, those behind it are in `#more`. */
  #asking: AbortController | undefined
  #more: Set<AbortController> | undefined
  /** How long after its last answer the connection is closed; undefined while it is not to be. */
  #leavingMs: number | undefined

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Where it comes from, plainly. Looked up once: it is asked for with each request. */
  get address(): string | undefined {
    this.#address ??= plainAddress(this.#socket.remoteAddress ?? '')
    return this.#address
  }

  begin(response: ServerResponse): void {
    this.last = response
    this.#isResting = false
    this.answering += 1
    response.on('close', this.#onAnswered)
  }

  /** Fires when the caller goes away, which ends everything that was asked on the connection. */
  ask(): AbortController {
    const ask = new AbortController()
    if (this.#asking === undefined) this.#asking = ask
    else (this.#more ??= new Set()).add(ask)
    return ask
  }

  asked(ask: AbortController): void {
    if (this.#asking === ask) this.#asking = undefined
    else this.#more?.delete(ask)
  }

  /** Calls off all that was asked. On a connection that still stands, the callers are told so. */
  cut(): void {
    this.#asking?.abort()
    for (const ask of this.#more ?? []) ask.abort()
  }

  /** Closes the connection when nothing has been asked on it for so long. */
  leave(idleMs: number): void {
    this.#leavingMs = idleMs
    if (this.answering === 0) this.#leaveIn(idleMs)
  }

  #leaveIn(idleMs: number): void {
    if (idleMs === 0) this.#socket.destroySoon()
    else setTimeout(() => this.answering === 0 && this.#socket.destroySoon(), idleMs).unref()
  }

  /** Closes the connection if nothing has been asked on it since the last time it was looked at. */
  rest(): void {
    if (this.answering > 0) return
    if (this.#isResting) this.#socket.destroySoon()
    this.#isResting = true
  }

  readonly #onAnswered = (): void => {
    this.answering -= 1
    if (this.#leavingMs !== undefined && this.answering === 0) this.#leaveIn(this.#leavingMs)
  }
}
