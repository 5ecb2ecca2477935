import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Bounds } from '../core/bounds.ts'
import { Visitors } from './visitors.ts'

type Wished = Partial<Pick<Bounds, 'connections' | 'connectionsPerAddress'>>

const visitors = (connectionsMax: number, wished: Wished = {}): Visitors =>
  new Visitors({
    connectionsMax,
    bounds: () => ({ connections: 'auto', connectionsPerAddress: 'auto', ...wished }),
  })

const enter = (all: Visitors, owner: string | undefined, times: number): (string | undefined)[] =>
  Array.from({ length: times }, () => all.enter(owner))

suite('Connections of callers', () => {
  test('are as many as is safe, and no more than were wished', () => {
    for (const [wished, max] of [
      [{}, 8],
      [{ connections: 3 }, 3],
      [{ connections: 1_000 }, 8],
    ] as const) {
      const all = visitors(8, wished)
      const said = enter(all, undefined, max + 1)
      assert.deepEqual(said, [...Array.from({ length: max }, () => undefined), 'too-many'])
    }
  })

  test('of one address are a quarter of all, unless it is of this machine or speaks for many', () => {
    for (const owner of ['192.0.2.1', '2001:db8:0:1::/64'])
      assert.deepEqual(enter(visitors(8), owner, 3), [undefined, undefined, 'too-many-of-one'])
    for (const owner of ['127.0.0.1', '0:0:0:0::/64', undefined])
      assert.deepEqual(
        enter(visitors(8), owner, 8),
        Array.from({ length: 8 }, () => undefined),
      )
  })

  test('of one address are what was wished, on this machine too', () => {
    for (const owner of ['192.0.2.1', '127.0.0.1'])
      assert.deepEqual(enter(visitors(8, { connectionsPerAddress: 1 }), owner, 2), [undefined, 'too-many-of-one'])
  })

  test('make room when they leave, whether they were welcome or not', () => {
    const all = visitors(8)
    enter(all, '192.0.2.1', 3)
    enter(all, '192.0.2.2', 2)
    assert.equal(all.size, 5)
    for (let left = 3; left > 0; left -= 1) all.leave('192.0.2.1')
    assert.equal(all.size, 2)
    assert.deepEqual(enter(all, '192.0.2.1', 3), [undefined, undefined, 'too-many-of-one'])
    assert.equal(all.enter('192.0.2.2'), 'too-many-of-one')
  })
})
