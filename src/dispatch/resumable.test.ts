import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resumable } from './resumable.ts'

test('no stream may be carried on unless the configuration says so', () => {
  assert.equal(resumable()('m'), false)
  assert.equal(resumable(new Map([['m', { cloud: 'never' }]]))('m'), false)
})

test('a model may be meant by any spelling, by a pattern, or by the name its server has for it', () => {
  const may = resumable(
    new Map([
      ['Llama3.1:latest', { resume: true }],
      ['qwen*', { resume: true }],
    ]),
  )
  for (const name of ['llama3.1', 'LLAMA3.1:latest', 'qwen3:8b', 'Qwen']) assert.equal(may(name), true, name)
  assert.equal(may('fast', 'qwen3:8b'), true)
  assert.equal(may('llama3.1:8b'), false)
})

test('the most exact rule holds, and the name of the caller before that of the server', () => {
  const may = resumable(
    new Map([
      ['*', { resume: true }],
      ['qwen*', { resume: false }],
      ['qwen3:8b', { resume: true }],
    ]),
  )
  assert.deepEqual(
    ['any', 'qwen2', 'qwen3:8b'].map((name) => may(name)),
    [true, false, true],
  )
  assert.equal(may('qwen2', 'any'), false)
})

test('a rule about something else does not hide one about this', () => {
  const may = resumable(
    new Map([
      ['qwen*', { resume: true }],
      ['qwen3:8b', { cloud: 'never' }],
    ]),
  )
  assert.equal(may('qwen3:8b'), true)
})
