import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Gathering } from './gathering.ts'

test('what was given back is used again, and nothing of it is seen', () => {
  const gathering = new Gathering()
  const long = 'x'.repeat(9_000)
  gathering.add(long)
  gathering.take()
  gathering.add(long)
  const first = gathering.take()
  gathering.giveBack(first)
  gathering.add('short')
  const second = gathering.take()
  assert.equal(second.toString(), 'short')
  assert.equal(second.buffer, first.buffer)
  gathering.add('others')
  assert.equal(second.toString(), 'short', 'it was not given back')
})

test('what is taken is all that was added since, in its order, and nobody writes into it again', () => {
  const texts = fc.array(fc.array(fc.string({ unit: 'grapheme', maxLength: 3_000 }), { maxLength: 8 }), {
    maxLength: 5,
  })
  fc.assert(
    fc.property(texts, (rounds) => {
      const gathering = new Gathering()
      const taken = rounds.map((added) => {
        const bytes = added.reduce((sum, text) => sum + gathering.add(text), 0)
        assert.equal(gathering.length, bytes)
        return gathering.take()
      })
      assert.deepEqual(
        taken.map(String),
        rounds.map((added) => added.join('')),
      )
    }),
  )
})
