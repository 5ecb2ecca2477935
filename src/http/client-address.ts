import { isIP } from 'node:net'
import type { Network } from '../core/settings.ts'
import { Networks, networkOf } from '../keys/networks.ts'

/**
 * Where a caller asks from. Behind proxies that are trusted, it is the last address in `X-Forwarded-For`
 * that is none of theirs: what stands before it, anybody could have written.
 */
export class ClientAddresses {
  readonly #trusted: Networks | undefined

  constructor(trusted: readonly Network[] = []) {
    this.#trusted = trusted.length === 0 ? undefined : new Networks(trusted)
  }

  of(peer: string | undefined, forwardedFor: readonly string[] | undefined): string | undefined {
    let found = peer === undefined ? undefined : plainAddress(peer)
    if (this.#trusted === undefined || forwardedFor === undefined) return found
    const hops = forwardedFor.join(',').split(',')
    while (found !== undefined && hops.length > 0 && this.#trusts(found)) {
      const next = plainAddress(hops.pop()!.trim())
      // A proxy that does not say where it heard it from is the last that is known.
      if (next === undefined) break
      found = next
    }
    return found
  }

  /** Whose connection it is: undefined where a trusted proxy speaks for many. */
  ownerOf(peer: string | undefined): string | undefined {
    const address = peer === undefined ? undefined : plainAddress(peer)
    return address === undefined || (this.#trusted !== undefined && this.#trusts(address))
      ? undefined
      : networkOf(address)
  }

  #trusts(address: string): boolean {
    return this.#trusted!.has(address)
  }
}

/** Without a port, brackets or zone, and an IPv4 address as such; undefined for what is no address. */
export function plainAddress(text: string): string | undefined {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^([\d.]+):\d+$/, '$1')
  const address = bare.replace(/%.*$/, '').toLowerCase()
  const mapped = /^::ffff:([\d.]+)$/.exec(address)?.[1] ?? address
  return isIP(mapped) === 0 ? undefined : mapped
}
