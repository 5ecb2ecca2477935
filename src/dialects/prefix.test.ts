import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../core/json.ts'
import type { Prefix } from '../core/prefix.ts'
import { dialectById } from './index.ts'

const long = (seed: string, characters: number): string =>
  `${seed} says `.repeat(Math.ceil(characters / (seed.length + 6)))

const prefixIn = (dialect: string, body: Json): Prefix => {
  const { prefix } = dialectById(dialect)!.glance(body)
  assert.ok(prefix)
  return prefix
}

const chat = (more: Json = {}, ...texts: readonly string[]): Json => ({
  model: 'm',
  messages: texts.map((content, at) => ({ role: at === 0 ? 'system' : 'user', content })),
  ...more,
})

const common = (one: Prefix, other: Prefix): number => {
  let blocks = 0
  while (blocks < one.marks.length && one.marks[blocks] === other.marks[blocks]) blocks += 1
  return blocks
}

test('prompts that begin alike have their first marks in common, and none after they differ', () => {
  const system = long('system', 10_000)
  const one = prefixIn('openai-chat', chat({}, system, long('one', 8_000)))
  const other = prefixIn('openai-chat', chat({}, system, long('other', 8_000)))
  assert.equal(common(one, other), 9)
  assert.ok(Math.abs(one.share(9) - (9 * 1024) / 18_000) < 0.01)
  assert.notEqual(one.marks.at(-1), other.marks.at(-1))
})

test('how an answer is wanted makes no difference to the beginning of a prompt', () => {
  const texts = [long('system', 4_000), long('question', 4_000)]
  const plain = prefixIn('openai-chat', chat({}, ...texts))
  const wished = chat(
    { stream: true, max_tokens: 7, metadata: { a: 'b' }, user: 'u', temperature: 1, seed: 3 },
    ...texts,
  )
  assert.deepEqual(prefixIn('openai-chat', wished).marks, plain.marks)
})

test('other tools are another beginning', () => {
  const tool = (description: string): Json => ({ type: 'function', function: { name: 'f', description } })
  const asked = (description: string): Prefix =>
    prefixIn('openai-chat', chat({ tools: [tool(description)] }, long('system', 4_000)))
  assert.equal(common(asked('reads'), asked('writes')), 0)
})

test('the same conversation begins alike in every dialect', () => {
  const [system, question] = [long('system', 3_000), long('question', 3_000)]
  const content = [{ type: 'text', text: question, cache_control: { type: 'ephemeral' } }]
  const { marks } = prefixIn('openai-chat', chat({}, system, question))
  assert.equal(marks.length, 5)
  const others: Readonly<Record<string, Json>> = {
    'ollama-chat': chat({}, system, question),
    'anthropic-messages': { model: 'm', max_tokens: 9, system, messages: [{ role: 'user', content }] },
    'openai-responses': { model: 'm', instructions: system, input: question },
    'openai-completions': { model: 'm', prompt: system + question },
    'ollama-generate': { model: 'm', system, prompt: question },
  }
  for (const [dialect, body] of Object.entries(others)) assert.deepEqual(prefixIn(dialect, body).marks, marks, dialect)
})

test('a picture is told from another and stands for as much as it was estimated to be', () => {
  const asked = (picture: string): Prefix =>
    prefixIn('openai-chat', {
      model: 'm',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: long('look', 2_000) },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${picture}` } },
            { type: 'text', text: long('say', 2_000) },
          ],
        },
      ],
    })
  const one = asked('A'.repeat(500_000))
  assert.equal(one.marks.length, 6)
  assert.equal(common(one, asked('B'.repeat(500_000))), 1)
})

test('a prompt too short to be worth it, and one for vectors, have no prefix', () => {
  assert.equal(dialectById('openai-chat')!.glance(chat({}, 'Hi')).prefix, undefined)
  assert.equal(dialectById('ollama-embed')!.glance({ model: 'm', input: long('text', 5_000) }).prefix, undefined)
})

test('a very long prompt has few marks, and a text beyond Latin as many as it has characters for', () => {
  const long80 = prefixIn('openai-chat', chat({}, long('book', 3_000_000)))
  assert.equal(long80.marks.length, 80)
  assert.ok(long80.share(80) < 0.1)
  assert.equal(prefixIn('openai-chat', chat({}, '漢字'.repeat(2_048))).marks.length, 4)
})

test('marks depend on the text before them alone, and shares grow to at most the whole', () => {
  const text = fc.string({ maxLength: 4_000 })
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), text, (texts, more) => {
      const padded = texts.map((one, at) => one + long(`filler ${at}`, 1_100))
      const one = prefixIn('openai-chat', chat({}, ...padded, more))
      const longer = prefixIn('openai-chat', chat({}, ...padded, more, long('later', 3_000)))
      assert.equal(common(one, longer), one.marks.length)
      let before = 0
      for (let blocks = 1; blocks <= one.marks.length; blocks += 1) {
        assert.ok(one.share(blocks) > before && one.share(blocks) <= 1)
        before = one.share(blocks)
      }
    }),
    { numRuns: 50 },
  )
})
