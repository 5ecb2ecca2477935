import { BlockList, isIP } from 'node:net'
import type { Network } from '../core/settings.ts'

/**
 * Where a caller without a name asks from. Behind proxies that are trusted, it is the last address in `X-Forwarded-For`
 * that is none of theirs: what stands before it, anybody could have written.
 */
export class ClientAddresses {
  readonly #trusted: BlockList | undefined

  constructor(trusted: readonly Network[] = []) {
    this.#trusted = trusted.length === 0 ? undefined : blockListOf(trusted)
  }

  of(peer: string | undefined, forwardedFor: readonly string[] | undefined): string | undefined {
    let found = peer === undefined ? undefined : plainAddress(peer)
    if (this.#trusted === undefined || forwardedFor === undefined) return found && countedAs(found)
    const hops = forwardedFor.join(',').split(',')
    while (found !== undefined && hops.length > 0 && this.#trusts(found)) {
      const next = plainAddress(hops.pop()!.trim())
      // A proxy that does not say where it heard it from is the last that is known.
      if (next === undefined) break
      found = next
    }
    return found && countedAs(found)
  }

  /** Whose connection it is: undefined where a trusted proxy speaks for many. */
  ownerOf(peer: string | undefined): string | undefined {
    const address = peer === undefined ? undefined : plainAddress(peer)
    return address === undefined || (this.#trusted !== undefined && this.#trusts(address))
      ? undefined
      : countedAs(address)
  }

  #trusts(address: string): boolean {
    return this.#trusted!.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
}

function blockListOf(networks: readonly Network[]): BlockList {
  const list = new BlockList()
  for (const { address, bits } of networks) list.addSubnet(address, bits, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  return list
}

/** Without a port, brackets or zone, and an IPv4 address as such; undefined for what is no address. */
function plainAddress(text: string): string | undefined {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^([\d.]+):\d+$/, '$1')
  const address = bare.replace(/%.*$/, '').toLowerCase()
  const mapped = /^::ffff:([\d.]+)$/.exec(address)?.[1] ?? address
  return isIP(mapped) === 0 ? undefined : mapped
}

/** Whoever has one IPv6 address has as many as there are in its network of 64 bits. */
function countedAs(address: string): string {
  if (isIP(address) !== 6) return address
  const [start = '', end] = address.split('::')
  const before = start === '' ? [] : start.split(':')
  const after = end === undefined || end === '' ? [] : end.split(':')
  const zeros = end === undefined ? 0 : Math.max(0, 8 - before.length - after.length - (address.includes('.') ? 1 : 0))
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after].slice(0, 4)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
