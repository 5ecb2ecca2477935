import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { TalkDialect } from '../core/dialect.ts'
import { applyEdits, isObject, type Json } from '../core/json.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import { talkById } from './index.ts'
import { openAiChat } from './openai-chat.ts'

/** Where each dialect has its limit. */
const own: Readonly<Record<string, readonly string[]>> = {
  'openai-chat': ['max_tokens', 'max_completion_tokens'],
  'openai-completions': ['max_tokens'],
  'openai-responses': ['max_output_tokens'],
  'anthropic-messages': ['max_tokens'],
  'ollama-chat': ['num_predict'],
  'ollama-generate': ['num_predict'],
}

const spelt = (name: string): fc.Arbitrary<string> =>
  fc
    .array(fc.boolean(), { minLength: name.length, maxLength: name.length })
    .map((upper) => Array.from(name, (letter, at) => (upper[at]! ? letter.toUpperCase() : letter)).join(''))

const aliases = [
  'max_tokens',
  'max_completion_tokens',
  'max_output_tokens',
  'max_new_tokens',
  'n_predict',
  'num_predict',
]

/** A limit as somebody might write it who wants more than he may have. */
const limit: fc.Arbitrary<unknown> = fc.oneof(
  fc.integer({ min: -2, max: 100_000 }),
  fc.constantFrom(null, '9000', 1e300, -0, 0.5, Number.MAX_SAFE_INTEGER),
)

const members: fc.Arbitrary<Record<string, unknown>> = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...aliases).chain(spelt), fc.constantFrom(...aliases)), limit), {
    maxLength: 4,
  })
  .map((entries) => Object.fromEntries(entries))

const inOptions = (id: string): boolean => id.startsWith('ollama')

function bodyWith(id: string, named: Json): Json {
  const plain = { model: 'm', stream: true, messages: [] }
  return inOptions(id) ? { ...plain, options: { temperature: 0.5, ...named } } : { ...plain, ...named }
}

const isLimit = (key: string): boolean => aliases.includes(key.toLowerCase())

for (const [id, names] of Object.entries(own)) {
  const dialect: TalkDialect = talkById(id)!

  test(`whatever a caller calls its limit, in ${id} no more is asked for than is paid for`, () => {
    fc.assert(
      fc.property(members, fc.integer({ min: 1, max: 5_000 }), (named, tokens) => {
        const body = bodyWith(id, named)
        const edits = dialect.limitEdits(body, tokens)
        const asked = edits === undefined ? body : applyEdits(body, edits)
        const place = inOptions(id) ? asked['options'] : asked
        assert.ok(isObject(place))
        const said = Object.entries(place).filter(([key]) => isLimit(key))
        assert.ok(said.length > 0, 'a limit is always said')
        for (const [key, value] of said) {
          assert.ok(names.includes(key), `${key} is not looked at`)
          const warmsCache = id === 'anthropic-messages' && value === 0
          assert.ok(
            warmsCache || (typeof value === 'number' && value > 0 && value <= tokens),
            `${key}: ${String(value)}`,
          )
        }
        if (inOptions(id)) assert.equal(place['temperature'], 0.5)
      }),
      { numRuns: 500 },
    )
  })

  test(`in ${id} a limit that is low enough is left as it is`, () => {
    assert.equal(dialect.limitEdits(bodyWith(id, { [names[0]!]: 64 }), 64), undefined)
  })
}

test('who asks for a dearer class of service gets the usual one, and who asks for a cheaper one gets that', () => {
  const limited = (more: Json): unknown => openAiChat.limitEdits({ max_tokens: 10, ...more }, 10)
  for (const dear of ['priority', 'performance', 'scale', 'ultrafast', 1, {}])
    assert.deepEqual(limited({ service_tier: dear }), { service_tier: undefined })
  for (const usual of ['auto', 'default', 'flex', 'standard_only', null])
    assert.equal(limited({ service_tier: usual }), undefined)
  assert.equal(limited({ constructor: 'priority' }), undefined)
  assert.deepEqual(limited({ Service_Tier: 'priority' }), { Service_Tier: undefined })
  assert.deepEqual(anthropicMessages.limitEdits({ max_tokens: 10, speed: 'fast' }, 10), { speed: undefined })
})

test('options of Ollama spelt otherwise are none', () => {
  const edits = talkById('ollama-chat')!.limitEdits({ OPTIONS: { num_predict: 900 }, options: { num_predict: 5 } }, 10)
  assert.deepEqual(edits, { OPTIONS: undefined })
})

test('what is taken out beside a lower limit does not raise it', () => {
  const edits = talkById('ollama-chat')!.limitEdits({ options: { num_predict: 5, n_predict: 900, seed: 1 } }, 10)
  assert.deepEqual(edits, { options: { num_predict: 5, seed: 1 } })
})

test('who has to say more than is paid for has to say less', () => {
  assert.deepEqual(openAiChat.limitEdits({ max_tokens: 500, min_tokens: 400 }, 100), {
    max_tokens: 100,
    min_tokens: 100,
  })
})

test('thoughts are among what is paid for, and where there is no room for them there are none', () => {
  const thinking = { type: 'enabled', budget_tokens: 8_000 }
  const limited = (tokens: number): unknown => anthropicMessages.limitEdits({ max_tokens: 9_000, thinking }, tokens)
  assert.equal(limited(9_000), undefined)
  assert.deepEqual(limited(8_500), { max_tokens: 8_500 })
  assert.deepEqual(limited(4_000), { max_tokens: 4_000, thinking: { type: 'enabled', budget_tokens: 2_000 } })
  assert.deepEqual(limited(1_025), { max_tokens: 1_025, thinking: { type: 'enabled', budget_tokens: 1_024 } })
  assert.deepEqual(limited(1_024), { max_tokens: 1_024, thinking: { type: 'disabled' } })
})
