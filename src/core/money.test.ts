import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calcPrice, type ModelPrice, type Provider } from '@pydantic/genai-prices'
import fc from 'fast-check'
import { costOf, inDollars, mostFor, outputTokensFor, type Price, type Rates } from './money.ts'
import type { Usage } from './usage.ts'

/** Up to what the dearest models cost, and some of it nothing. */
const pico = fc.oneof(fc.integer({ min: 0, max: 200_000_000 }), fc.constant(0))

const rates: fc.Arbitrary<Rates> = fc.record(
  { input: pico, output: pico, cachedInput: pico, cacheWrite: pico, cacheWriteHour: pico },
  { requiredKeys: ['input', 'output'] },
)

const price: fc.Arbitrary<Price> = fc
  .tuple(
    rates,
    fc.uniqueArray(fc.tuple(fc.integer({ min: 1_000, max: 400_000 }), rates), { maxLength: 2, selector: ([at]) => at }),
  )
  .map(([plain, tiers]) => ({
    ...plain,
    source: 'test',
    longer: tiers.toSorted(([one], [other]) => one - other).map(([aboveTokens, more]) => ({ ...more, aboveTokens })),
  }))

const tokens = fc.integer({ min: 0, max: 1_000_000 })

/** Of the prompt, some was read from a memory and some written to one. */
const usage: fc.Arbitrary<Usage> = fc
  .tuple(tokens, tokens, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), tokens)
  .map(([promptTokens, outputTokens, cached, written, hour]) => {
    const cachedTokens = Math.floor(promptTokens * cached)
    const cacheWriteTokens = Math.floor((promptTokens - cachedTokens) * written)
    return {
      promptTokens,
      outputTokens,
      cachedTokens,
      cacheWriteTokens,
      cacheWriteHourTokens: hour % (cacheWriteTokens + 1),
    }
  })

test('a cost is a whole number that is never below nothing', () => {
  fc.assert(
    fc.property(usage, price, (used, at) => {
      const nano = costOf(used, at)
      assert.ok(Number.isSafeInteger(nano) && nano >= 0)
    }),
  )
})

test('a longer answer never costs less, and neither does a dearer price', () => {
  fc.assert(
    fc.property(usage, price, fc.integer({ min: 0, max: 1_000_000 }), (used, at, more) => {
      const nano = costOf(used, at)
      assert.ok(costOf({ ...used, outputTokens: used.outputTokens + more }, at) >= nano)
      assert.ok(costOf(used, { ...at, output: at.output + more, input: at.input + more }) >= nano)
    }),
  )
})

test('what was set aside covers whatever is used within it', () => {
  fc.assert(
    fc.property(usage, price, tokens, tokens, (used, at, lessPrompt, lessOutput) => {
      const most = mostFor(used.promptTokens, used.outputTokens, at)
      assert.ok(most >= costOf(used, at))
      // The same with a shorter prompt and a shorter answer, which may be in a cheaper class or a dearer one.
      const promptTokens = Math.max(0, used.promptTokens - lessPrompt)
      assert.ok(most >= costOf({ promptTokens, outputTokens: Math.max(0, used.outputTokens - lessOutput) }, at))
    }),
    { numRuns: 1_000 },
  )
})

test('what was set aside also covers a prompt that is counted longer than was guessed, at the dearer class', () => {
  const at: Price = { input: 10, output: 10, source: 'test', longer: [{ aboveTokens: 200_000, input: 20, output: 30 }] }
  assert.equal(mostFor(150_000, 1_000, at), Math.ceil((150_000 * 20 + 1_000 * 30) / 1_000))
  assert.equal(mostFor(100_000, 1_000, at), Math.ceil((100_000 * 10 + 1_000 * 10) / 1_000))
})

test('money buys as many tokens as it pays for, and not one more', () => {
  fc.assert(
    fc.property(tokens, price, fc.integer({ min: 0, max: 50_000_000_000 }), (promptTokens, at, nano) => {
      const bought = outputTokensFor(nano, promptTokens, at)
      if (bought < 0) return assert.ok(mostFor(promptTokens, 0, at) > nano)
      if (bought === Infinity) return assert.ok(mostFor(promptTokens, 1_000_000, at) <= nano)
      assert.ok(mostFor(promptTokens, bought, at) <= nano)
      assert.ok(mostFor(promptTokens, bought + 1, at) > nano)
    }),
    { numRuns: 1_000 },
  )
})

test('tokens that cannot be counted are refused, and nothing comes of them', () => {
  const at: Price = { input: 1_000_000, output: 5_000_000, source: 'test' }
  const huge = JSON.parse('1E400') as number
  for (const bad of [huge, -1, NaN, 0.5, 2 ** 53, JSON.parse('9007199254740993') as number]) {
    assert.throws(() => costOf({ promptTokens: bad, outputTokens: 0 }, at), RangeError, `${bad}`)
    assert.throws(() => costOf({ promptTokens: 0, outputTokens: bad }, at), RangeError, `${bad}`)
    assert.throws(() => costOf({ promptTokens: 0, outputTokens: 0, cachedTokens: bad }, at), RangeError, `${bad}`)
    assert.throws(() => mostFor(bad, 0, at), RangeError, `${bad}`)
    if (bad < 1 || Number.isNaN(bad)) assert.throws(() => mostFor(0, bad, at), RangeError, `${bad}`)
    assert.throws(() => outputTokensFor(1, bad, at), RangeError, `${bad}`)
  }
})

test('more than can be counted is never charged as less, and no money buys it', () => {
  const at: Price = { input: 1_000_000, output: 5_000_000, source: 'test' }
  assert.throws(() => costOf({ promptTokens: 0, outputTokens: 1e12 }, at), RangeError)
  for (const many of [Number.MAX_SAFE_INTEGER, 2 ** 60, Infinity]) assert.equal(mostFor(0, many, at), Infinity)
  const millions = 5_000_000_000_000_000
  const bought = outputTokensFor(millions, 1_000, at)
  assert.ok(Number.isSafeInteger(bought) && mostFor(1_000, bought, at) <= millions)
  assert.equal(outputTokensFor(millions, Number.MAX_SAFE_INTEGER, at), -1)
})

test('no used tokens cost nothing, and a fraction of a nano costs a whole one', () => {
  const at: Price = { input: 1, output: 1, source: 'test' }
  assert.equal(costOf({ promptTokens: 0, outputTokens: 0 }, at), 0)
  assert.equal(costOf({ promptTokens: 1, outputTokens: 0 }, at), 1)
})

test('what is cached and written is part of the prompt, and each part has its price', () => {
  const at: Price = {
    input: 1_000_000,
    output: 5_000_000,
    cachedInput: 100_000,
    cacheWrite: 1_250_000,
    cacheWriteHour: 2_000_000,
    source: 'test',
  }
  const used = {
    promptTokens: 10_000,
    outputTokens: 100,
    cachedTokens: 4_000,
    cacheWriteTokens: 3_000,
    cacheWriteHourTokens: 1_000,
  }
  assert.equal(costOf(used, at), 3_000_000 + 400_000 + 2_500_000 + 2_000_000 + 500_000)
})

test('it comes to what the public calculation says, to a nano', () => {
  const tier = (of: number, longer: number | undefined, start: number): number | { base: number; tiers: object[] } =>
    longer === undefined ? of / 1e6 : { base: of / 1e6, tiers: [{ start, price: longer / 1e6 }] }
  const whole = fc.record({ input: pico, output: pico, cachedInput: pico, cacheWrite: pico })
  fc.assert(
    fc.property(usage, whole, fc.option(whole, { nil: undefined }), (used, plain, more) => {
      const aboveTokens = 200_000
      const at: Price = { ...plain, source: 'test', ...(more && { longer: [{ aboveTokens, ...more }] }) }
      const prices = {
        input_mtok: tier(plain.input, more?.input, aboveTokens),
        output_mtok: tier(plain.output, more?.output, aboveTokens),
        cache_read_mtok: tier(plain.cachedInput, more?.cachedInput, aboveTokens),
        cache_write_mtok: tier(plain.cacheWrite, more?.cacheWrite, aboveTokens),
      } as ModelPrice
      const provider: Provider = {
        id: 'test',
        name: 'test',
        api_pattern: '.*',
        models: [{ id: 'model', match: { equals: 'model' }, prices }],
      }
      const counted = {
        input_tokens: used.promptTokens,
        output_tokens: used.outputTokens,
        cache_read_tokens: used.cachedTokens,
        cache_write_tokens: used.cacheWriteTokens,
      }
      const theirs = calcPrice(counted, 'model', { provider })!.total_price * 1e9
      const { cacheWriteHourTokens: _, ...plainly } = used
      const ours = costOf(plainly, at)
      assert.ok(ours >= theirs - 1e-3 && ours - theirs <= 1 + 1e-3, `${ours} ${theirs}`)
    }),
    { numRuns: 500 },
  )
})

test('dollars are shown with as many digits as they need', () => {
  const shown = [0, 1, 1_000_000, 12_345_678, 1_000_000_000, 123_456_789_012, -5_000_000_000].map(inDollars)
  assert.deepEqual(shown, ['$0.00', '$0.000000001', '$0.001000', '$0.01235', '$1.00', '$123.46', '-$5.00'])
})
