import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Part } from '../core/part.ts'
import { ThoughtFinder } from './thoughts.ts'

/** What is thought and what is said in these pieces of text. */
function sorted(pieces: readonly string[]): { thought: string; said: string } {
  const finder = new ThoughtFinder()
  let thought = ''
  let said = ''
  const parts: Part[] = [
    ...pieces.map((text) => ({ type: 'text-delta', text }) as const),
    { type: 'finish', reason: 'stop' },
  ]
  for (const part of parts) {
    for (const one of finder.sort(part)) {
      if (one.type === 'thinking-delta') thought += one.text
      if (one.type === 'text-delta') said += one.text
    }
  }
  return { thought, said }
}

test('thoughts at the beginning of a text are told apart from it, wherever the text was cut', () => {
  const text = '\n<think>I wonder < what </thing> is.</think>\n\nIt is 4 < 5 <think>.'
  fc.assert(
    fc.property(fc.array(fc.nat({ max: text.length }), { maxLength: 8 }), (cuts) => {
      const at = [0, ...cuts.toSorted((one, other) => one - other), text.length]
      const pieces = at.slice(1).map((end, index) => text.slice(at[index], end))
      assert.deepEqual(sorted(pieces), { thought: 'I wonder < what </thing> is.', said: 'It is 4 < 5 <think>.' })
    }),
  )
})

test('a text without them stays as it is', () => {
  for (const text of ['', ' ', '<', '<thin', '<b>bold</b>', 'Write <think> first, then </think>.'])
    assert.deepEqual(sorted(text.split('')), { thought: '', said: text })
})

test('thoughts that never end are thoughts to the last letter', () => {
  assert.deepEqual(sorted(['<think>on and on</thi']), { thought: 'on and on</thi', said: '' })
})
