import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOrigin } from './origin.ts'

test('an origin is taken apart into where to connect and what to say', () => {
  const plain = { encrypted: false, servername: undefined }
  assert.deepEqual(readOrigin('http://127.0.0.1:11434'), {
    ...plain,
    host: '127.0.0.1',
    port: 11_434,
    authority: '127.0.0.1:11434',
  })
  assert.deepEqual(readOrigin('http://[::1]:8080'), { ...plain, host: '::1', port: 8_080, authority: '[::1]:8080' })
  assert.deepEqual(readOrigin('http://Box.local'), {
    encrypted: false,
    servername: 'box.local',
    host: 'box.local',
    port: 80,
    authority: 'box.local',
  })
  assert.deepEqual(readOrigin('https://api.example.com'), {
    encrypted: true,
    servername: 'api.example.com',
    host: 'api.example.com',
    port: 443,
    authority: 'api.example.com',
  })
})

test('what says more than an origin, or less, is refused', () => {
  for (const text of [
    '',
    'box:8080',
    'http://',
    'http://box/v1',
    'http://box?x',
    'http://box#x',
    'http://me:pw@box',
    'ws://box',
  ]) {
    assert.throws(() => readOrigin(text), TypeError, text)
  }
})
