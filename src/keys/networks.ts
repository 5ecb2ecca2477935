import type { Places } from '../core/keyring.ts'
import type { Network } from '../core/settings.ts'

/** Which addresses are meant by a list of networks. All of them are plain: without brackets, port or zone. */
export class Networks implements Places {
  readonly #networks: readonly { readonly bytes: readonly number[]; readonly bits: number }[]

  constructor(networks: readonly Network[]) {
    this.#networks = networks.map(({ address, bits }) => ({
      bytes: bytesOf(address),
      bits: address.includes(':') ? bits : bits + mapped.length * 8,
    }))
  }

  has(address: string): boolean {
    const bytes = bytesOf(address)
    let isIn = false
    // All of them are looked at: how long that takes says nothing of which it was.
    for (const { bytes: start, bits } of this.#networks) if (beginsWith(bytes, start, bits)) isIn = true
    return isIn
  }
}

function beginsWith(bytes: readonly number[], start: readonly number[], bits: number): boolean {
  for (let left = bits, at = 0; left > 0; left -= 8, at += 1) {
    if ((bytes[at]! ^ start[at]!) >> Math.max(0, 8 - left) !== 0) return false
  }
  return true
}

/** Whom an address is counted as: whoever has one IPv6 address has as many as there are in its network of 64 bits. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const bytes = bytesOf(address)
  const groups = [0, 2, 4, 6].map((at) => ((bytes[at]! << 8) | bytes[at + 1]!).toString(16))
  return `${groups.join(':')}::/64`
}

/** Where IPv4 is within IPv6. */
const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255] as const

/** Sixteen, of either kind. */
function bytesOf(address: string): readonly number[] {
  if (!address.includes(':')) return [...mapped, ...address.split('.').map(Number)]
  const [start = '', end] = address.split('::')
  const before = groupsIn(start)
  const after = end === undefined ? [] : groupsIn(end)
  return [...before, ...Array.from({ length: 16 - before.length - after.length }, () => 0), ...after]
}

function groupsIn(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 255]
  })
}
