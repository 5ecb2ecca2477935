import type { Bounds } from '../core/bounds.ts'
import type { ConnectionCut } from '../core/event.ts'

interface VisitorsParts {
  readonly bounds: () => Pick<Bounds, 'connections' | 'connectionsPerAddress'>
  /** The most connections that are safe, whatever is wished. */
  readonly connectionsMax: number
}

/** Part of all that one address may have, where nothing else is said. */
const share = 1 / 4

/** Who is connected, so that nobody takes all the connections there are. */
export class Visitors {
  readonly #parts: VisitorsParts
  readonly #byOwner = new Map<string, number>()
  #size = 0

  constructor(parts: VisitorsParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#size
  }

  get max(): number {
    const { bounds, connectionsMax } = this.#parts
    const { connections } = bounds()
    return connections === 'auto' ? connectionsMax : Math.min(connections, connectionsMax)
  }

  /**
   * Counts a connection of `owner`; undefined for one that many callers share. What it returns is said against it, and it
   * counts all the same until it has left.
   */
  enter(owner: string | undefined): Extract<ConnectionCut, 'too-many' | 'too-many-of-one'> | undefined {
    this.#size += 1
    const { max } = this
    let isTooMuch = false
    if (owner !== undefined) {
      const has = (this.#byOwner.get(owner) ?? 0) + 1
      this.#byOwner.set(owner, has)
      isTooMuch = has > this.#maxFor(owner, max)
    }
    return this.#size > max ? 'too-many' : isTooMuch ? 'too-many-of-one' : undefined
  }

  leave(owner: string | undefined): void {
    this.#size -= 1
    if (owner === undefined) return
    const left = this.#byOwner.get(owner)! - 1
    if (left === 0) this.#byOwner.delete(owner)
    else this.#byOwner.set(owner, left)
  }

  #maxFor(owner: string, max: number): number {
    const { connectionsPerAddress } = this.#parts.bounds()
    if (connectionsPerAddress !== 'auto') return connectionsPerAddress
    // A proxy on this machine speaks for everybody, and who is on this machine can do worse.
    return isLoopback(owner) ? Infinity : Math.max(1, Math.floor(max * share))
  }
}

const isLoopback = (owner: string): boolean => owner === '0:0:0:0::/64' || owner.startsWith('127.')
