import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calcPrice } from '@pydantic/genai-prices'
import fc from 'fast-check'
import { costOf, type Price } from '../core/money.ts'
import { readPriceList } from './price-list.ts'
import { priceListDay, priceOf, type Purchase } from './prices.ts'

const none: ReadonlyMap<string, Price> = new Map()
const openai: Purchase = {
  kind: 'openai',
  url: 'https://api.openai.com/v1',
  epochMs: Date.parse('2026-11-21'),
  needs: [],
}
const anthropic: Purchase = { ...openai, kind: 'anthropic', url: 'https://api.anthropic.com' }
const at = (url: string): Purchase => ({ ...openai, kind: 'openai-compatible', url })

test('a configured price goes before the list, also where it is nothing', () => {
  const own = new Map([
    ['gpt-5-mini', { input: 0, output: 0, source: 'config' }],
    ['our-own', { input: 7, output: 8, source: 'config' }],
  ])
  assert.deepEqual(priceOf('GPT-5-mini', own, openai), { input: 0, output: 0, source: 'config' })
  assert.equal(priceOf('our-own', own, openai)?.output, 8)
})

test('a configured price without a word on what is kept has that as much dearer than reading as the list has it', () => {
  const own = new Map([
    ['claude-haiku-4-5', { input: 500_000, output: 2_000_000, source: 'config' }],
    ['claude-sonnet-5', { input: 500_000, output: 2_000_000, cacheWrite: 500_000, source: 'config' }],
    ['gpt-4o', { input: 500_000, output: 2_000_000, source: 'config' }],
  ])
  const { cacheWrite, cacheWriteHour, cachedInput } = priceOf('claude-haiku-4-5', own, anthropic)!
  assert.deepEqual([cacheWrite, cacheWriteHour, cachedInput], [625_000, 1_000_000, undefined])
  assert.equal(priceOf('claude-sonnet-5', own, anthropic), own.get('claude-sonnet-5'))
  assert.equal(priceOf('gpt-4o', own, openai)!.cacheWrite, undefined)
})

test('a listed price is told with its seller and its day', () => {
  assert.deepEqual(priceOf('claude-haiku-4-5', none, anthropic), {
    input: 1_000_000,
    output: 5_000_000,
    cachedInput: 100_000,
    cacheWrite: 1_250_000,
    cacheWriteHour: 2_000_000,
    source: `anthropic ${priceListDay()}`,
  })
})

test('versions of a model that are named by their day cost what it costs', () => {
  const plain = priceOf('claude-haiku-4-5', none, anthropic)
  for (const name of ['claude-haiku-4-5-20251001', 'claude-haiku-4-5-latest', 'Claude-Haiku-4-5@20251001'])
    assert.deepEqual(priceOf(name, none, anthropic), plain, name)
  assert.deepEqual(priceOf('gpt-5-mini-2025-08-07', none, openai), priceOf('gpt-5-mini', none, openai))
  assert.equal(priceOf('claude-sonnet-4-20250514', none, anthropic)?.input, 3_000_000)
})

test('a name that is only like one in the list has no price', () => {
  for (const name of [
    'claude-haiku-4-5-ultra',
    'claude-haiku-4',
    'claude-haiku-4-55',
    'my-claude-haiku-4-5',
    'claude-haiku-4-5-20251001-v1:0',
    'claude-haiku-4-5-20251001-20251001',
    'claude-haiku-4-5 ',
    '__proto__',
    'constructor',
    '',
  ])
    assert.equal(priceOf(name, none, anthropic), undefined, name)
  for (const name of ['gpt-5-mini-2099-01-01', 'gpt-5-huge', 'gpt', 'gpt-4o-2024-05-14', 'whisper-1', 'llama3.1:8b'])
    assert.equal(priceOf(name, none, openai), undefined, name)
})

test('the address tells who sells, before the kind does', () => {
  const groq = at('https://api.groq.com/openai/v1')
  assert.match(priceOf('openai/gpt-oss-120b', none, groq)!.source, /^groq /)
  assert.equal(priceOf('gpt-5', none, groq), undefined, 'It is not sold there.')
  assert.match(priceOf('openai/gpt-oss-120b', none, { ...groq, kind: 'openai' })!.source, /^groq /)
  assert.match(priceOf('gpt-5', none, at('https://mine.openai.azure.com/openai'))!.source, /^(azure|openai) /)
  // A stand-in on this machine is taken for what it says it is.
  assert.equal(priceOf('gpt-5', none, { ...openai, url: 'http://127.0.0.1:1' })!.source, `openai ${priceListDay()}`)
})

test('where nobody knows who sells, it costs what the dearest takes, in each of its parts', () => {
  const name = 'deepseek/deepseek-v4-pro'
  const sellers = readPriceList().sellers.filter(({ models }) => models.some(({ names }) => names.includes(name)))
  assert.ok(sellers.length > 1)
  const anywhere = priceOf(name, none, at('http://gateway.internal:4000'))!
  for (const { name: seller } of sellers) {
    const there = priceOf(name, none, { ...openai, kind: seller, url: '' })!
    assert.ok(anywhere.input >= there.input && anywhere.output >= there.output, seller)
    assert.ok(anywhere.cachedInput! >= (there.cachedInput ?? there.input), seller)
    assert.ok(anywhere.source.includes(seller))
  }
})

test('a price that changed is the one of the day', () => {
  const on = (day: string): number => priceOf('o3', none, { ...openai, epochMs: Date.parse(day) })!.input
  assert.deepEqual([on('2025-06-09'), on('2025-06-10'), on('2026-11-21')], [10_000_000, 2_000_000, 2_000_000])
  assert.equal(priceOf('o3', none, { ...openai, epochMs: undefined })!.input, 10_000_000, 'The dearest there ever was.')
})

test('a price that depends on the hour is the dearest of the day', () => {
  const deepseek = at('https://api.deepseek.com')
  assert.equal(priceOf('deepseek-v4-pro', none, deepseek)?.output, 3_960_000)
})

test('who sends sound pays for sound', () => {
  const google = at('https://generativelanguage.googleapis.com/v1beta/openai')
  assert.equal(priceOf('gemini-2.5-flash', none, google)?.input, 300_000)
  assert.equal(priceOf('gemini-2.5-flash', none, { ...google, needs: ['chat', 'audio'] })?.input, 1_000_000)
})

test('what is not paid by the token has no price', () => {
  for (const name of ['gpt-image-1', 'whisper-1', 'gpt-transcribe'])
    assert.equal(priceOf(name, none, openai), undefined)
  assert.equal(priceOf('sonar-pro', none, at('https://api.perplexity.ai')), undefined)
})

test('every name in the list costs what its source says, or more', () => {
  const timestamp = new Date('2026-11-21T02:00:00Z')
  const usage = { promptTokens: 300_000, outputTokens: 2_000, cachedTokens: 10_000, cacheWriteTokens: 5_000 }
  let compared = 0
  for (const { name: seller, models } of readPriceList().sellers) {
    for (const model of models.flatMap(({ names, dated = [] }) => [
      ...names,
      ...dated.map((name) => `${name}-20260101`),
    ])) {
      const ours = priceOf(model, none, { kind: seller, epochMs: timestamp.getTime(), needs: [] })
      const theirs = calcPrice(
        { input_tokens: 300_000, output_tokens: 2_000, cache_read_tokens: 10_000, cache_write_tokens: 5_000 },
        model,
        { providerId: seller, timestamp },
      )
      if (ours === undefined || theirs === null) continue
      compared += 1
      assert.ok(costOf(usage, ours) >= Math.floor(theirs.total_price * 1e9), `${seller}: ${model}`)
    }
  }
  assert.ok(compared > 1_000, `${compared}`)
})

test('a name with anything put into it has no price, or one that its source has for it too', () => {
  const listed = readPriceList().sellers.flatMap(({ name: seller, models }) =>
    models.flatMap(({ names, dated = [] }) => [...names, ...dated].map((name) => ({ seller, name }))),
  )
  const pieces = ['-', '5', '-mini', '-latest', '-20260101', '-2026-01-01', 'x', '-pro', '@', ':free', '-preview', '.1']
  const place = fc.double({ min: 0, max: 1, noNaN: true })
  const epochMs = Date.parse('2026-11-21T02:00:00Z')
  fc.assert(
    fc.property(fc.constantFrom(...listed), fc.constantFrom(...pieces), place, ({ seller, name }, piece, where) => {
      const cut = Math.round(name.length * where)
      const changed = `${name.slice(0, cut)}${piece}${name.slice(cut)}`
      const ours = priceOf(changed, none, { kind: seller, epochMs, needs: [] })
      if (ours === undefined) return
      const used = { input_tokens: 1_000, output_tokens: 1_000 }
      const there = { providerId: seller, timestamp: new Date(epochMs) }
      // The source has some days in one spelling only.
      const theirs = calcPrice(used, changed, there) ?? calcPrice(used, respelled(changed), there)
      const nano = costOf({ promptTokens: 1_000, outputTokens: 1_000 }, ours)
      assert.ok(theirs !== null && nano >= Math.floor(theirs.total_price * 1e9), changed)
    }),
    { numRuns: 3_000 },
  )
})

const respelled = (name: string): string =>
  /-\d{8}$/.test(name)
    ? name.replace(/-(\d{4})(\d\d)(\d\d)$/, '-$1-$2-$3')
    : name.replace(/-(\d{4})-(\d\d)-(\d\d)$/, '-$1$2$3')
