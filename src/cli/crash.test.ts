import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashReport } from './crash.ts'

test('a crash is told by its kind and its places, and never in words that may be a prompt', () => {
  const error = new TypeError('my secret\n    at home:1:2\n    and more of it')
  const said = crashReport(error)
  assert.match(said, /: TypeError at .*crash\.test\.ts:\d+:\d+\)? at /)
  assert.doesNotMatch(said, /secret|home|more/)
  assert.doesNotMatch(said, /\n/)
})

test('whatever is thrown, something is said of it', () => {
  assert.match(crashReport(Object.assign(new Error('x'), { code: 'EPIPE' })), /: Error EPIPE at /)
  for (const thrown of [undefined, null, 'sk-secret', { stack: 'sk-secret' }]) {
    assert.equal(crashReport(thrown), 'A fault of Spillway itself ends this process: no error')
  }
})
