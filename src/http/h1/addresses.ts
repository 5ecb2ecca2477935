import { lookup, type LookupAddress } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'

export type Resolve = (
  host: string,
  done: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void

/** So long a name is taken to mean what it meant. */
const freshMs = 30_000
/** When nobody could be reached, it is asked again what the name means, but not for every request. */
const lookAgainMs = 1_000

const bySystem: Resolve = (host, done) => lookup(host, { all: true }, done)

/**
 * The addresses behind a server's name. They are asked for once; from then on they are at hand, and looked up anew behind
 * the scenes, when they have grown old or nobody could be reached at them. A name server that hangs or has forgotten the
 * name keeps nobody from a server whose address is known.
 */
export class Addresses {
  readonly #host: string
  readonly #resolve: Resolve
  readonly #now: () => number
  #known: readonly LookupAddress[] | undefined
  #askedAt = -Infinity
  #isAsking = false
  #waiting: ((error: NodeJS.ErrnoException | null) => void)[] = []

  constructor(host: string, resolve: Resolve = bySystem, now: () => number = () => performance.now()) {
    this.#host = host
    this.#resolve = resolve
    this.#now = now
  }

  /** For sockets. */
  readonly lookup: LookupFunction = (_host, options, callback) => {
    const tell = (error: NodeJS.ErrnoException | null): void => {
      const known = this.#known
      const first = known?.[0]
      if (known === undefined || first === undefined) callback(error ?? nowhere(this.#host), '', 0)
      else if (options.all === true) callback(null, [...known])
      else callback(null, first.address, first.family)
    }
    if (this.#known === undefined) this.#waiting.push(tell)
    else process.nextTick(tell, null)
    if (this.#known === undefined || this.#now() - this.#askedAt > freshMs) this.#ask()
  }

  /** There it was reached: it is tried there first the next time. */
  worked(address: string | undefined): void {
    const known = this.#known
    if (known === undefined || known[0]?.address === address) return
    const found = known.find((one) => one.address === address)
    if (found !== undefined) this.#known = [found, ...known.filter((one) => one !== found)]
  }

  /** Nobody was reached: perhaps it has moved. */
  failed(): void {
    if (isIP(this.#host) === 0 && this.#now() - this.#askedAt > lookAgainMs) this.#ask()
  }

  #ask(): void {
    if (this.#isAsking) return
    this.#isAsking = true
    this.#resolve(this.#host, (error, addresses) => {
      this.#isAsking = false
      this.#askedAt = this.#now()
      if (error === null && addresses.length > 0) this.#take(addresses)
      const waiting = this.#waiting
      this.#waiting = []
      for (const tell of waiting) tell(error)
    })
  }

  /** Where it was reached stays the first, if it is still one of them. */
  #take(addresses: readonly LookupAddress[]): void {
    const last = this.#known?.[0]?.address
    this.#known = addresses
    this.worked(last)
  }
}

function nowhere(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`The name ${host} has no address.`), { code: 'ENOTFOUND' })
}
