import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

/** One connection: who asks, and whoever is behind the proxy once it is reached for. */
export interface Wire {
  readonly caller: Socket
  readonly reach: () => Socket
}

/** What becomes of the bytes of one connection. */
export type Fault = (wire: Wire) => void

const straight: Fault = ({ caller, reach }) => {
  const server = reach()
  caller.pipe(server).pipe(caller)
}

/** What is asked goes through; of the answer, `tell` says what comes of it, with how much came before. */
const answering =
  (tell: (bytes: Buffer, before: number, wire: { readonly caller: Socket; readonly server: Socket }) => void): Fault =>
  ({ caller, reach }) => {
    const server = reach()
    let before = 0
    caller.pipe(server)
    server.on('data', (bytes: Buffer) => {
      tell(bytes, before, { caller, server })
      before += bytes.length
    })
    server.on('end', () => caller.end())
  }

/** All of it comes, so much later. */
export const delay = (ms: number): Fault =>
  answering((bytes, _before, { caller }) => void setTimeout(() => caller.writable && caller.write(bytes), ms))

/** All of it comes, in pieces of so many bytes. */
export const drip = (size: number): Fault =>
  answering((bytes, _before, { caller, server }) => {
    server.pause()
    let at = 0
    const next = (): void => {
      if (!caller.writable || at >= bytes.length) return void server.resume()
      caller.write(bytes.subarray(at, (at += size)))
      setImmediate(next)
    }
    next()
  })

/** It is taken, and nobody ever hears of it. */
export const blackhole: Fault = ({ caller }) => void caller.resume()

/** It is answered as soon as the first of a question has come, and the rest of that is not read. */
export const early =
  (answer: string): Fault =>
  ({ caller }) =>
    void caller.once('data', () => {
      caller.pause()
      caller.end(answer)
    })

/** The connection stands, and from there on nothing comes through any more: neither bytes nor an end. */
export const halfOpen = (after: number): Fault =>
  answering((bytes, before, { caller, server }) => {
    caller.write(bytes.subarray(0, Math.max(0, after - before)))
    if (before + bytes.length >= after) server.removeAllListeners('end')
  })

export const resetAfter = (after: number): Fault =>
  answering((bytes, before, { caller }) => {
    caller.write(bytes.subarray(0, Math.max(0, after - before)))
    // What was written first would go down with the connection.
    if (before + bytes.length >= after) setTimeout(() => caller.resetAndDestroy(), 5)
  })

/** One byte is another. */
export const corrupt = (at: number): Fault =>
  answering((bytes, before, { caller }) => {
    const spoilt = Buffer.from(bytes)
    const here = at - before
    if (here >= 0 && here < spoilt.length) spoilt[here] = spoilt[here]! ^ 0x80
    caller.write(spoilt)
  })

/** Stands between a gateway and a server, and does to their connections what a bad network does. */
export class FaultProxy {
  /** Of connections that come from now on. */
  fault: Fault = straight
  readonly #target: URL
  readonly #host: string
  readonly #sockets = new Set<Socket>()
  readonly #server: Server = createServer({ allowHalfOpen: true }, (caller) => this.#take(caller))

  constructor(target: string, host: string = '127.0.0.1') {
    this.#target = new URL(target)
    this.#host = host
  }

  get origin(): string {
    return `http://${this.#host}:${(this.#server.address() as AddressInfo).port}`
  }

  /** No more than one stands in line at its port when nobody is let in. */
  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen({ port: 0, host: this.#host, backlog: 1 }, resolve))
  }

  /** From now on it does this, and connections that stand are gone. */
  turn(fault: Fault): void {
    this.fault = fault
    this.drop()
  }

  drop(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): Promise<void> {
    this.drop()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #take(caller: Socket): void {
    this.#keep(caller)
    const reach = (): Socket => {
      const server = connect({ host: this.#target.hostname, port: Number(this.#target.port), noDelay: true })
      this.#keep(server)
      caller.on('close', () => server.destroy())
      return server
    }
    this.fault({ caller, reach })
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.setNoDelay()
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
  }
}

/** As a program it can be stopped by a signal: then the kernel takes connections for it, until the line is full. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const proxy = new FaultProxy(process.argv[2]!)
  await proxy.listen()
  process.on('SIGUSR2', () => {
    proxy.drop()
    process.stdout.write('dropped\n')
  })
  process.stdout.write(`${proxy.origin}\n`)
}
