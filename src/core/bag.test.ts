import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Bag } from './bag.ts'

interface Thing {
  readonly id: number
  slot: number
}

test('a bag holds what a set would hold, whatever comes and goes', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(12))), (steps) => {
      const things = Array.from({ length: 13 }, (_, id): Thing => ({ id, slot: -1 }))
      const bag = new Bag<Thing>()
      const set = new Set<Thing>()
      for (const [comes, id] of steps) {
        const thing = things[id]!
        if (comes && !set.has(thing)) {
          bag.add(thing)
          set.add(thing)
        } else if (!comes) {
          bag.delete(thing)
          set.delete(thing)
        }
        assert.equal(bag.size, set.size)
      }
      const ids = (all: Iterable<Thing>): number[] => Array.from(all, (thing) => thing.id).sort((a, b) => a - b)
      assert.deepEqual(ids(bag), ids(set))
    }),
  )
})

test('taking out the one at hand skips nobody', () => {
  const bag = new Bag<Thing>()
  for (let id = 0; id < 5; id += 1) bag.add({ id, slot: -1 })
  const seen: number[] = []
  for (const thing of bag) {
    seen.push(thing.id)
    bag.delete(thing)
  }
  assert.deepEqual(seen, [4, 3, 2, 1, 0])
  assert.equal(bag.size, 0)
})
