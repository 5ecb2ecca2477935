import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Recent } from './recent.ts'

const marks = [...Array.from({ length: 90 }, (_, at) => at), 2 ** 52 + 1, 2 ** 40, 64 * 2 ** 32]

test('it has what a Set has in which whatever is used is put anew, and drops what stands first there', () => {
  const step = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...marks).map((mark) => ({ mark })) },
    { weight: 5, arbitrary: fc.constant('drop' as const) },
    { weight: 1, arbitrary: fc.constant('clear' as const) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const recent = new Recent()
      const set = new Set<number>()
      for (const one of steps) {
        if (one === 'drop') {
          recent.dropOldest()
          for (const oldest of [...set].slice(0, 1)) set.delete(oldest)
        } else if (one === 'clear') {
          recent.clear()
          set.clear()
        } else {
          recent.use(one.mark)
          set.delete(one.mark)
          set.add(one.mark)
        }
        assert.equal(recent.size, set.size)
      }
      assert.deepEqual(
        marks.filter((mark) => recent.has(mark)),
        marks.filter((mark) => set.has(mark)),
      )
    }),
    { numRuns: 200 },
  )
})
