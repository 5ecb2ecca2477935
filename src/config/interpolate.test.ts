import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { interpolate } from './interpolate.ts'

const around = { env: { A: 'one', EMPTY: '', B2: '${A} $$' }, folder: '.' }

const made = (text: string): string => {
  const { value, faults } = interpolate(text, around)
  assert.deepEqual(faults, [])
  return value
}

test('names are filled in wherever they stand, with or without env.', () => {
  assert.equal(made('${A}'), 'one')
  assert.equal(made('x-${env.A}-${A}.'), 'x-one-one.')
})

test('a default stands in for what is missing or empty; empty without a default stays empty', () => {
  assert.equal(made('${NONE:-a:-b}'), 'a:-b')
  assert.equal(made('${EMPTY:-full}'), 'full')
  assert.equal(made('${NONE:-}'), '')
  assert.equal(made('${EMPTY}'), '')
  assert.equal(made('${A:-other}'), 'one')
})

test('two dollars are one, and a dollar by itself is itself', () => {
  assert.equal(made('$${A} $$$${A} $A 5$ $'), '${A} $${A} $A 5$ $')
})

test('what was filled in is not looked at again', () => {
  assert.equal(made('${B2}'), '${A} $$')
})

test('text without a dollar is itself', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => text.includes('$') || made(text) === text))
})

test('every dollar can be written, whatever surrounds it', () => {
  fc.assert(fc.property(fc.string(), (text) => made(text.replaceAll('$', '$$$$')) === text))
})

test('each missing name is named', () => {
  const { faults } = interpolate('${X}${A}${Y}', around)
  assert.deepEqual(
    faults.map(({ reference, text }) => [reference, text.split(';')[0]]),
    [
      ['${X}', 'X is not set in the environment'],
      ['${Y}', 'Y is not set in the environment'],
    ],
  )
})
