import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Json } from '../../../src/core/json.ts'
import type { Mood } from '../catalogue/fault.ts'
import { Exchange } from './exchange.ts'
import { probeAnswer } from './probes.ts'
import { onRequests, type Request } from './requests.ts'
import { questionIn, type ServerKind, wireOf } from './wires.ts'

/** What a server does with a request for an answer. */
export type Script = (exchange: Exchange) => Promise<void> | void

/** What the server itself has counted: no word of the gateway's is in it. */
export interface Ledger {
  /** Requests for an answer. */
  asked: number
  /** Those under way. */
  open: number
  /** Those whose connection was closed by the other side while they were under way. */
  aborted: number
  connections: number
}

export interface FaultServerOptions {
  readonly kind: ServerKind
  readonly model: string
  /** Resolves when the caller at the far end has heard something of its answer. */
  readonly heard?: () => Promise<void>
}

/** A model server on a raw socket, so that it can send anything at all. Without a script it is well. */
export class FaultServer {
  readonly kind: ServerKind
  readonly model: string
  readonly ledger: Ledger = { asked: 0, open: 0, aborted: 0, connections: 0 }
  script: Script | undefined
  readonly #heard: () => Promise<void>
  readonly #server: Server = createServer({ noDelay: true }, (socket) => this.#serve(socket))
  readonly #sockets = new Set<Socket>()
  readonly #host = nextHost()
  #port = 0
  #mood: Mood | 'well' = 'well'

  constructor({ kind, model, heard = () => Promise.resolve() }: FaultServerOptions) {
    this.kind = kind
    this.model = model
    this.#heard = heard
  }

  get origin(): string {
    return `http://${this.#host}:${this.#port}`
  }

  /** On any port at first, and on the same one ever after. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#port, this.#host, () => {
        this.#server.off('error', reject)
        this.#port = (this.#server.address() as AddressInfo).port
        resolve()
      })
    })
  }

  /** What it does with who connects: nothing of what was before is left open. */
  async turn(mood: Mood | 'well'): Promise<void> {
    this.#mood = mood
    if (mood === 'refuses') return this.close()
    for (const socket of this.#sockets) reset(socket)
    if (!this.#server.listening) await this.listen()
  }

  /** Connections are reset, and new ones refused until it listens again. */
  close(): Promise<void> {
    for (const socket of this.#sockets) reset(socket)
    if (!this.#server.listening) return Promise.resolve()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #serve(socket: Socket): void {
    this.ledger.connections += 1
    this.#sockets.add(socket)
    // Whoever resets a connection hears of it here as well.
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.on('close', () => {
      this.ledger.connections -= 1
      this.#sockets.delete(socket)
    })
    if (this.#mood === 'closes') return void socket.end()
    if (this.#mood === 'resets') return void socket.resetAndDestroy()
    // Read, or its end would go unnoticed.
    if (this.#mood === 'deaf') return void socket.resume()
    onRequests(socket, (request) => void this.#answer(socket, request))
  }

  async #answer(socket: Socket, { method, path, body }: Request): Promise<void> {
    const wire = wireOf[this.kind]
    if (method !== 'POST' || path !== wire.path) return this.#tell(socket, path)
    const { ledger } = this
    ledger.asked += 1
    ledger.open += 1
    let over = false
    const onClose = (): void => {
      if (!over) ledger.aborted += 1
    }
    socket.once('close', onClose)
    const question = questionIn(JSON.parse(body) as Json, this.kind)
    const exchange = new Exchange(question, wire, socket, this.#heard)
    const script: Script = this.script ?? ((well) => well.sayUntil('over'))
    try {
      await script(exchange)
    } finally {
      over = true
      ledger.open -= 1
      socket.off('close', onClose)
    }
  }

  #tell(socket: Socket, path: string): void {
    const answer = probeAnswer(this.kind, this.model, path)
    const text = JSON.stringify(answer ?? { error: 'not found' })
    const status = answer === undefined ? '404 Not Found' : '200 OK'
    socket.write(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    )
  }
}

let hosts = 0

/** A port that is closed for a while is given to somebody else, unless nobody else has the address: on Linux there are many. */
function nextHost(): string {
  if (process.platform !== 'linux') return '127.0.0.1'
  hosts += 1
  return `127.1.${(hosts >> 8) & 0xff}.${hosts & 0xff}`
}

/** One that is just shutting down cannot be reset: libuv refuses, and Node then leaves it open for ever. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
