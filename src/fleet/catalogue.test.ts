import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ListedModel } from '../core/backend.ts'
import { catalogueOf } from './catalogue.ts'
import { settingsOf } from './settings.test-helper.ts'

const listed: readonly ListedModel[] = [
  { id: 'llama3.1:8b', aliases: ['llama3.1'], contextTokens: 8_192, loaded: true, about: { size: 5 } },
  { id: 'Qwen2.5-7B' },
]

test('without `serve`, all that the server lists is offered, under its id, its aliases and in lower case', () => {
  const { models, spellings } = catalogueOf(settingsOf('box'), listed)
  assert.deepEqual(
    models.map(({ name }) => name),
    ['llama3.1:8b', 'Qwen2.5-7B'],
  )
  for (const spelling of ['llama3.1:8b', 'llama3.1']) assert.equal(spellings.get(spelling)?.id, 'llama3.1:8b')
  assert.equal(spellings.get('qwen2.5-7b')?.id, 'Qwen2.5-7B')
})

test('with `serve`, exactly its names are offered, listed or not', () => {
  const serve = new Map([
    ['small', 'llama3.1'],
    ['future', 'not-yet-pulled'],
  ])
  const { models, spellings } = catalogueOf(settingsOf('box', { serve }), listed)
  assert.deepEqual(
    models.map(({ name, id }) => [name, id]),
    [
      ['small', 'llama3.1'],
      ['future', 'not-yet-pulled'],
    ],
  )
  assert.equal(spellings.get('small')?.contextTokens, 8_192)
  assert.equal(spellings.get('small')?.loaded, true)
  assert.equal(spellings.has('llama3.1:8b'), false)
})

test('a context length set by hand wins over what the server says', () => {
  const { spellings } = catalogueOf(settingsOf('box', { context: new Map([['llama3.1', 4_096]]) }), listed)
  assert.equal(spellings.get('llama3.1:8b')?.contextTokens, 4_096)
})

test("a server's own name for one model wins over another's alias, and an exact spelling over one in lower case", () => {
  const { spellings } = catalogueOf(settingsOf('box'), [
    { id: 'one', aliases: ['two'] },
    { id: 'two' },
    { id: 'Big' },
    { id: 'big' },
  ])
  assert.equal(spellings.get('two')?.id, 'two')
  assert.equal(spellings.get('Big')?.id, 'Big')
  assert.equal(spellings.get('big')?.id, 'big')
})
