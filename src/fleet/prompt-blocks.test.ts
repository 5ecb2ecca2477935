import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { prefixOf } from './prefix.test-helper.ts'
import { PromptBlocks } from './prompt-blocks.ts'

const tokens = 1_000

/** Sends a prompt of a thousand tokens a block there and back again. */
function read(memory: PromptBlocks, letters: string, told?: number): number {
  const visit = memory.visit(prefixOf(letters), letters.length * tokens)
  memory.leave(visit, told)
  return visit.cachedTokens
}

const believed = (memory: PromptBlocks, letters: string): number =>
  memory.cachedTokens(prefixOf(letters), letters.length * tokens)

test('what was read once is believed to be there, as far as prompts begin alike', () => {
  const memory = new PromptBlocks()
  assert.equal(read(memory, 'abcd'), 0)
  assert.equal(believed(memory, 'abcd'), 4_000)
  assert.equal(believed(memory, 'abxd'), 2_000)
  assert.equal(believed(memory, 'xbcd'), 0)
})

test('a prompt on its way is believed to be there for those who come after it', () => {
  const memory = new PromptBlocks()
  memory.visit(prefixOf('abcd'), 4_000)
  assert.equal(believed(memory, 'abcd'), 4_000)
})

test('a server that has gone, or thrown the model out, has nothing any more', () => {
  const memory = new PromptBlocks()
  read(memory, 'abcd')
  memory.forget()
  assert.equal(believed(memory, 'abcd'), 0)
})

test('a server that says it had nothing is believed less and less to keep what is as old', () => {
  const memory = new PromptBlocks()
  read(memory, 'abcd')
  for (let round = 0; round < 40; round += 1) {
    read(memory, String.fromCodePoint(0x4e00 + round).repeat(50))
    read(memory, 'abcd', 0)
  }
  assert.equal(believed(memory, 'abcd'), 4_000, 'just read')
  read(memory, 'w'.repeat(50))
  assert.equal(believed(memory, 'abcd'), 0)
})

test('a server that says it had what was thought to be gone is believed again at once', () => {
  const memory = new PromptBlocks()
  read(memory, 'abcd')
  for (let round = 0; round < 40; round += 1) {
    read(memory, String.fromCodePoint(0x4e00 + round).repeat(50))
    read(memory, 'abcd', 0)
  }
  read(memory, 'w'.repeat(50))
  assert.equal(believed(memory, 'abcd'), 0)
  read(memory, 'abcd', 4_000)
  read(memory, 'v'.repeat(50))
  assert.equal(believed(memory, 'abcd'), 4_000)
})

test('that several read one prompt at once, each anew, does not count against a server', () => {
  const memory = new PromptBlocks()
  const visits = Array.from({ length: 30 }, () => memory.visit(prefixOf('abcd'), 4_000))
  for (const visit of visits) memory.leave(visit, 0)
  read(memory, 'w'.repeat(500))
  assert.equal(believed(memory, 'abcd'), 4_000)
})

test('it forgets the oldest rather than grow without bound', () => {
  const memory = new PromptBlocks()
  for (let at = 0; at < 20_000; at += 1)
    memory.leave(memory.visit(prefixOf(String.fromCodePoint(0x4e00 + at)), 1), undefined)
  assert.equal(memory.cachedTokens(prefixOf(String.fromCodePoint(0x4e00)), 1), 0)
  assert.equal(memory.cachedTokens(prefixOf(String.fromCodePoint(0x4e00 + 19_999)), 1), 1)
})

test('belief is a share of the prompt and a longer common beginning is never believed less', () => {
  const prompt = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(fc.array(fc.record({ prompt, told: fc.option(fc.nat(6_000)) })), prompt, (reads, asked) => {
      const memory = new PromptBlocks()
      for (const { prompt: letters, told } of reads) read(memory, letters, told ?? undefined)
      const cached = believed(memory, asked)
      assert.ok(cached >= 0 && cached <= asked.length * tokens)
      const known = Math.max(0, ...reads.map(({ prompt: letters }) => commonLength(letters, asked)))
      assert.ok(cached <= known * tokens)
      assert.ok(believed(memory, `${asked}a`) >= cached)
    }),
  )
})

function commonLength(one: string, other: string): number {
  let at = 0
  while (at < one.length && one[at] === other[at]) at += 1
  return at
}
