import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conformance } from './h1/conformance.test-helper.ts'
import { poolOptions, UndiciTransport } from './undici.ts'

conformance({
  name: 'undici',
  open: () => new UndiciTransport(),
  // Its parser, llhttp, is kinder than we are: it takes these, or reads on and on.
  differs: new Set([
    'HTTP/2.0',
    'HTTP/0.9',
    'status 099',
    'status 600',
    'an empty line before the status line',
    'a control character within the reason',
    'more fields than anyone needs',
    'a reason without an end',
    'the coding gzip',
    'the codings gzip, chunked',
    'the codings chunked, gzip',
    'the codings chunked, chunked',
    'the coding chunked twice',
    'the coding identity',
    'an empty coding',
    'the coding xchunked',
    'the coding chunked with a parameter',
    'a coding in HTTP/1.0',
    'a switch of protocols',
    'a body where 204 has none',
    'a coding where 204 has none',
    'interim answers without an end',
    'a size of too many digits',
    'an extension without an end',
    'trailers without an end',
    // Stricter: it takes a continue that was not asked for as the end of the connection.
    'the final answer behind a continue that nobody waited for',
    // It takes the reset for the end.
    'a body that ends with the connection is broken by a reset',
  ]),
  abortsConnecting: false,
})

test('no clock of the library cuts an answer off: those of its own are all out', () => {
  const { headersTimeout, bodyTimeout } = poolOptions({})
  assert.deepEqual([headersTimeout, bodyTimeout], [0, 0])
})
