import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prefixOf } from './prefix.test-helper.ts'
import { PromptSlots } from './prompt-slots.ts'

function read(memory: PromptSlots, letters: string): number {
  return memory.visit(prefixOf(letters), letters.length).cachedTokens
}

const believed = (memory: PromptSlots, letters: string): number =>
  memory.cachedTokens(prefixOf(letters), letters.length)

test('each slot keeps the last prompt it has read', () => {
  const memory = new PromptSlots(() => 2)
  read(memory, 'one')
  read(memory, 'two')
  assert.equal(believed(memory, 'one'), 3)
  read(memory, 'six')
  assert.equal(believed(memory, 'one'), 0)
  assert.equal(believed(memory, 'two'), 3)
})

test('a conversation that goes on stays in its slot, and nothing else has to go', () => {
  const memory = new PromptSlots(() => 2)
  read(memory, 'aaa')
  read(memory, 'bbb')
  for (const turn of ['aaax', 'aaaxy', 'aaaxyz']) assert.equal(read(memory, turn), turn.length - 1)
  assert.equal(believed(memory, 'bbb'), 3)
})

test('another branch of a conversation is read over what was behind the part they share', () => {
  const memory = new PromptSlots(() => 2)
  read(memory, 'abcd')
  assert.equal(read(memory, 'abxx'), 2)
  assert.equal(believed(memory, 'abcd'), 2)
})

test('when the server turns out to have fewer slots the oldest prompts are gone', () => {
  let slots = 3
  const memory = new PromptSlots(() => slots)
  for (const letters of ['aaa', 'bbb', 'ccc']) read(memory, letters)
  slots = 1
  read(memory, 'ddd')
  assert.deepEqual(
    ['aaa', 'bbb', 'ccc', 'ddd'].map((letters) => believed(memory, letters)),
    [0, 0, 0, 3],
  )
})
