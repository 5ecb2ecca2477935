import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dialects } from './index.ts'
import { noObject } from './whole.ts'

const kindOf = (text: string): string | undefined => noObject(Buffer.from(text))?.kind

test('an object is a whole answer, with blanks around it or none', () => {
  for (const text of ['{}', '{"a":1}', ' {"a":1}\n', '\r\n{"a":{}}\t']) assert.equal(kindOf(text), undefined, text)
})

test('a page, a list, nothing at all or half an object is none', () => {
  for (const text of [
    '',
    ' ',
    '{',
    '}',
    'null',
    '[]',
    '<html></html>',
    '{"a":"b',
    '{"a":1}]',
    'data: {}\n\n',
    '\x1f\x8b',
  ])
    assert.equal(kindOf(text), 'upstream-broke', text)
})

test('no dialect takes for an answer under a 200 what is no object, or an object that holds nothing of an answer', () => {
  for (const dialect of dialects) {
    for (const text of ['', 'null', '[]', '{}', '{"a":1}', '<html></html>', '{"id":"x","choices":[{"index":0,"me'])
      assert.equal(dialect.faultIn(Buffer.from(text))?.kind, 'upstream-broke', `${dialect.id}: ${text}`)
  }
})
