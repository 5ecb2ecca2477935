import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MarkTable } from './mark-table.ts'

test('what was seen is known by when it was seen last', () => {
  const table = new MarkTable()
  assert.equal(table.seenAt(7), undefined)
  assert.equal(table.seenAt(0), undefined)
  for (const time of [1, 5, 9]) table.see(-7, time)
  assert.equal(table.seenAt(-7), 9)
  table.clear()
  assert.equal(table.seenAt(-7), undefined)
})

test('it never tells of a mark what was said of another, and of any four that share their slots it knows all', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 200 }), (marks) => {
      const table = new MarkTable()
      marks.forEach((mark, at) => table.see(mark, at + 1))
      marks.forEach((mark, at) => {
        const sharing = marks.slice(at + 1).filter((other) => ((other ^ mark) & 4_095) === 0)
        if (sharing.length < 4) assert.equal(table.seenAt(mark), at + 1)
        else assert.ok([undefined, at + 1].includes(table.seenAt(mark)))
      })
    }),
  )
})

test('when all slots are taken the oldest goes', () => {
  const table = new MarkTable()
  const sharing = [1, 2, 3, 4, 5].map((high) => high << 12)
  sharing.slice(0, 4).forEach((mark, at) => table.see(mark, at + 1))
  table.see(sharing[0]!, 5)
  table.see(sharing[4]!, 6)
  assert.deepEqual(
    sharing.map((mark) => table.seenAt(mark)),
    [5, undefined, 3, 4, 6],
  )
})
