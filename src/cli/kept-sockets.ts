import { lookup } from 'node:dns/promises'
import net from 'node:net'
import { getSystemErrorName } from 'node:util'
import type { Address } from '../config/address.ts'
import type { SocketName } from './sockets.ts'

/** A socket that has an address. It never takes a connection here: whoever it is passed to listens on it. */
interface Handle {
  close(): void
  /** Tells an error that `bind` has kept to itself. */
  getsockname(out: object): number
}

/** What `node:cluster` makes its shared sockets with. Node has no public way to bind without accepting. */
const { _createServerHandle: createHandle } = net as unknown as {
  readonly _createServerHandle: (
    host: string,
    port: number,
    family: number,
    fd: number,
    flags: number,
  ) => Handle | number
}

/** The sockets that outlive the processes which listen on them: while none does, callers wait in line before them. */
export class KeptSockets {
  readonly #handles = new Map<string, Handle>()

  /** The one at that address, the same each time. Rejects with a `code` when the address cannot be had. */
  async at(name: SocketName, address: Address): Promise<Handle> {
    const key = keyOf(name, address)
    const known = this.#handles.get(key)
    if (known !== undefined) return known
    const { address: host, family } = await lookup(address.host)
    const made = createHandle(host, address.port, family, -1, 0)
    // One without an address would get any port of all networks from the first who listens on it.
    const error = typeof made === 'number' ? made : made.getsockname({})
    if (error !== 0 || typeof made === 'number') {
      if (typeof made !== 'number') made.close()
      throw Object.assign(new Error('no socket'), { code: getSystemErrorName(error) })
    }
    this.#handles.set(key, made)
    return made
  }

  /** Closes those that nobody wants any more. */
  keepOnly(wanted: Iterable<string>): void {
    const kept = new Set(wanted)
    for (const [key, handle] of this.#handles) {
      if (kept.has(key)) continue
      handle.close()
      this.#handles.delete(key)
    }
  }
}

export const keyOf = (name: SocketName, { host, port }: Address): string => `${name} ${host}:${port}`
