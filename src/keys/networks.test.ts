import assert from 'node:assert/strict'
import { BlockList, isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { readNetwork } from '../config/address.ts'
import type { Network } from '../core/settings.ts'
import { Networks } from './networks.ts'

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

const networks = fc.oneof(
  fc.record({ address: fc.ipV4(), bits: fc.integer({ min: 0, max: 32 }) }),
  fc.record({ address: fc.ipV6(), bits: fc.integer({ min: 0, max: 128 }) }),
)

/** The same with a few bits changed, so that it is in as often as not. */
const near = ({ address, bits }: Network): fc.Arbitrary<string> =>
  isIP(address) === 4
    ? fc.integer({ min: 0, max: 31 }).map((bit) => flipped(address, bit % Math.max(1, bits + 2)))
    : fc.constant(address)

function flipped(address: string, bit: number): string {
  const bytes = address.split('.').map(Number)
  bytes[bit >> 3]! ^= 128 >> (bit & 7)
  return bytes
    .map((byte) => byte & 255)
    .slice(0, 4)
    .join('.')
}

test('an address is in a network exactly where Node’s own list says so', () => {
  let inside = 0
  fc.assert(
    fc.property(
      fc
        .array(networks, { minLength: 1, maxLength: 4 })
        .chain((list) =>
          fc.tuple(fc.constant(list), fc.oneof(fc.ipV4(), fc.ipV6(), near(list[0]!), fc.constant(list[0]!.address))),
        ),
      ([list, address]) => {
        const theirs = new BlockList()
        for (const { address: start, bits } of list) theirs.addSubnet(start, bits, familyOf(start))
        const wanted = theirs.check(address, familyOf(address))
        assert.equal(new Networks(list).has(address), wanted)
        if (wanted) inside += 1
      },
    ),
    { numRuns: 5_000 },
  )
  assert.ok(inside > 500, String(inside))
})

test('an address is the same one however it is spelt', () => {
  for (const [network, ...addresses] of [
    ['2001:db8::/32', '2001:0DB8:0:0::1', '2001:db8:ffff:ffff:ffff:ffff:255.255.255.255'],
    ['10.0.0.0/8', '::ffff:10.1.2.3', '::ffff:a01:203', '0:0:0:0:0:ffff:10.255.255.255'],
    ['::1', '0:0:0:0:0:0:0:1', '0::0:1'],
    ['0.0.0.0/0', '255.255.255.255', '::ffff:0.0.0.0'],
  ] as const)
    for (const address of addresses) assert.ok(new Networks([readNetwork(network)!]).has(address), address)
  assert.ok(!new Networks([readNetwork('0.0.0.0/0')!]).has('2001:db8::1'))
})
