import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { applyEdits, type Json } from '../core/json.ts'
import { fields, items, number, texts, trim } from './trim.ts'

const known = fields('model stream', {
  n: number(1, 8),
  max_tokens: 'limit',
  stop: items(2),
  prompt: texts(2),
  top_logprobs: number(0, 20),
})

const refused = (body: Json, message: RegExp): void => {
  assert.throws(() => trim(body, known), { kind: 'bad-request', message })
}

test('only known fields stay, whatever the others are called', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (extra) => {
      const body = { ...(JSON.parse(JSON.stringify(extra)) as Json), model: 'm' }
      const after = applyEdits(body, trim(body, fields('model')) ?? {})
      assert.deepEqual(Object.entries(after), [['model', 'm']])
    }),
  )
  const evil = JSON.parse('{"model":"m","__proto__":1,"constructor":2}') as Json
  assert.deepEqual(Object.keys(applyEdits(evil, trim(evil, known) ?? {})), ['model'])
})

test('a body of known fields needs no edits at all', () => {
  assert.equal(trim({ model: 'm', stream: true, n: 8, max_tokens: 1, stop: ['a'], prompt: 'a' }, known), undefined)
  assert.equal(trim({ model: 'm', n: null, max_tokens: null, stop: null, prompt: null }, known), undefined)
})

test('a number beyond its bounds is refused by name, and so is a text that a server would read as one', () => {
  refused({ n: 9 }, /^n must be a number from 1 to 8\.$/)
  refused({ n: 0 }, /^n /)
  refused({ n: '100' }, /^n /)
  refused({ n: JSON.parse('1e400') as unknown }, /^n /)
  // To vLLM, all there are.
  refused({ top_logprobs: -1 }, /^top_logprobs must be a number from 0 to 20/)
  refused({ max_tokens: '-1' }, /^max_tokens must be a number/)
})

test('a limit that is none is no limit', () => {
  for (const limit of [0, -1, -2])
    assert.deepEqual(Object.keys(trim({ max_tokens: limit }, known) ?? {}), ['max_tokens'])
})

test('a list may hold only so much; a list of numbers is one text, but many stop tokens', () => {
  refused({ stop: ['a', 'b', 'c'] }, /^stop must not hold more than 2\.$/)
  refused({ stop: { a: 1, b: 1, c: 1 } }, /^stop /)
  refused({ stop: [1, 2, 3] }, /^stop /)
  refused({ prompt: ['a', 'b', 'c'] }, /^prompt /)
  refused({ prompt: [[1], [2], [3]] }, /^prompt /)
  assert.equal(trim({ prompt: [1, 2, 3], stop: 'a' }, known), undefined)
})
