import { BlockList, isIP } from 'node:net'
import type { Network } from '../core/settings.ts'

/** Which addresses are meant by a list of networks. */
export class Networks {
  readonly #list = new BlockList()

  constructor(networks: readonly Network[]) {
    for (const { address, bits } of networks) this.#list.addSubnet(address, bits, familyOf(address))
  }

  /** The address is plain: without brackets, port or zone, and an IPv4 one as such. */
  has(address: string): boolean {
    return this.#list.check(address, familyOf(address))
  }
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** Whom an address is counted as: whoever has one IPv6 address has as many as there are in its network of 64 bits. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [start = '', end] = address.split('::')
  const before = start === '' ? [] : start.split(':')
  const after = end === undefined || end === '' ? [] : end.split(':')
  const zeros = end === undefined ? 0 : Math.max(0, 8 - before.length - after.length - (address.includes('.') ? 1 : 0))
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after].slice(0, 4)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
