import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { readNetwork } from '../config/address.ts'
import { networkOf } from '../keys/networks.ts'
import { ClientAddresses } from './client-address.ts'

const behind = (...trusted: readonly string[]): ClientAddresses =>
  new ClientAddresses(trusted.map((text) => readNetwork(text)!))

suite('Where somebody asks from', () => {
  test('is where the connection comes from, whatever is said, unless a proxy is trusted', () => {
    for (const addresses of [behind(), behind('10.0.0.0/8', 'fd00::1')]) {
      assert.equal(addresses.of('192.0.2.7', ['198.51.100.1']), '192.0.2.7')
      assert.equal(addresses.of('192.0.2.7', undefined), '192.0.2.7')
      assert.equal(addresses.of(undefined, ['198.51.100.1']), undefined)
    }
    assert.equal(behind().of('10.1.2.3', ['198.51.100.1']), '10.1.2.3')
  })

  test('is the last address that is no trusted proxy’s, and not what stands before it', () => {
    const addresses = behind('10.0.0.0/8', 'fd00::1', '127.0.0.1')
    for (const [peer, said, found] of [
      ['10.1.2.3', ['198.51.100.1'], '198.51.100.1'],
      ['::ffff:10.1.2.3', ['198.51.100.1'], '198.51.100.1'],
      ['127.0.0.1', ['1.1.1.1, 198.51.100.1, 10.0.0.9'], '198.51.100.1'],
      ['127.0.0.1', ['1.1.1.1', '198.51.100.1,10.0.0.9'], '198.51.100.1'],
      ['fd00::1', ['198.51.100.1:4711'], '198.51.100.1'],
      ['10.0.0.1', [' 10.0.0.2 ,10.0.0.3'], '10.0.0.2'],
      ['10.0.0.1', ['1.1.1.1, unknown'], '10.0.0.1'],
      ['10.0.0.1', [''], '10.0.0.1'],
      ['10.0.0.1', ['198.51.100.1, ::ffff:10.0.0.4'], '198.51.100.1'],
    ] as const)
      assert.equal(addresses.of(peer, said), found, `${peer} ${said.join(' | ')}`)
  })

  test('cannot be chosen by who writes the beginning of the list', () => {
    const addresses = behind('10.0.0.0/8')
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string())), fc.ipV4(), (forged, real) => {
        fc.pre(!real.startsWith('10.'))
        assert.equal(addresses.of('10.0.0.1', [[...forged, real].join(', ')]), real)
      }),
    )
  })

  test('is a network where one has as many addresses as one likes', () => {
    const of = (address: string): string => networkOf(behind().of(address, undefined)!)
    assert.equal(of('2001:db8:1:2:aaaa::1'), of('2001:0db8:0001:0002::2'))
    assert.equal(of('2001:db8::1'), of('2001:db8:0:0:ffff:ffff:ffff:ffff'))
    assert.equal(of('::1'), of('0:0:0:0:0:0:0:2'))
    assert.equal(of('fe80::1%eth0'), of('fe80::2'))
    assert.notEqual(of('2001:db8:1:2::1'), of('2001:db8:1:3::1'))
    assert.notEqual(of('1.2.3.4'), of('1.2.3.5'))
    fc.assert(
      fc.property(fc.ipV6(), (address) => assert.match(of(address), /^([\da-f]{1,4}:){3}[\da-f]{1,4}::\/64$|^[\d.]+$/)),
    )
  })
})

test('a network is an address with or without the length of its beginning', () => {
  assert.deepEqual(readNetwork('10.0.0.1'), { address: '10.0.0.1', bits: 32 })
  assert.deepEqual(readNetwork(' fd00::/8 '), { address: 'fd00::', bits: 8 })
  for (const wrong of [
    '',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0/8',
    'fd00::/129',
    '10.0.0.0/',
  ])
    assert.equal(readNetwork(wrong), undefined, wrong)
})
