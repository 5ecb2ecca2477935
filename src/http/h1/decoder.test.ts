import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decoderFor, type Decoder } from './decoder.ts'
import { readHead } from './head.ts'

const chunked = (): Decoder => decoderFor(readHead('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'GET'))!

function decoded(decoder: Decoder, text: string): string {
  const bytes = Buffer.from(text)
  decoder.decode(bytes, 0, bytes.length)
  return bytes.toString('latin1', decoder.payloadFrom, decoder.payloadTo)
}

test('several chunks in one read leave one range of payload', () => {
  const decoder = chunked()
  assert.equal(decoded(decoder, '3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n'), 'onetwothree')
  assert.equal(decoder.done, false)
  assert.equal(decoded(decoder, '4\r\nfo'), 'fo')
  assert.equal(decoded(decoder, 'ur\r\n4\r\nfive\r\n0\r\n\r\n'), 'urfive')
  assert.equal(decoder.done, true)
})

test('a read without payload leaves none', () => {
  const decoder = chunked()
  assert.equal(decoded(decoder, '3'), '')
  assert.equal(decoded(decoder, '\r\n'), '')
  assert.equal(decoded(decoder, 'one'), 'one')
  assert.equal(decoded(decoder, '\r\n0\r\n\r\n'), '')
  assert.equal(decoder.done, true)
})

test('a single chunk stays where the socket put it', () => {
  const decoder = chunked()
  decoded(decoder, '3\r\none\r\n')
  assert.equal(decoder.payloadFrom, 3)
})

test('what follows the end is left alone, and pointed at', () => {
  const decoder = chunked()
  assert.equal(decoded(decoder, '1\r\na\r\n0\r\n\r\nHTTP/1.1'), 'a')
  assert.equal(decoder.usedTo, 11)
  const known = decoderFor(readHead('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n', 'GET'))!
  assert.equal(decoded(known, 'onetwo'), 'one')
  assert.deepEqual([known.done, known.usedTo], [true, 3])
})

test('an answer without a body has nothing to decode', () => {
  assert.equal(decoderFor(readHead('HTTP/1.1 204 No Content\r\n\r\n', 'GET')), undefined)
  assert.equal(decoderFor(readHead('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n', 'HEAD')), undefined)
})
