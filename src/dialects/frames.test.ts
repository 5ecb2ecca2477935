import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Framer } from './frames.ts'

const cut = (frameEnd: string, ...chunks: (string | Uint8Array)[]): string[] => {
  const framer = new Framer(frameEnd)
  return [...chunks.flatMap((chunk) => framer.push(Buffer.from(chunk as string))), ...framer.rest()]
}

test('SSE frames end at a blank line, whichever of the three line ends is used', () => {
  const frames = ['data: a', 'event: x\ndata: b']
  for (const end of ['\n', '\r\n', '\r']) {
    assert.deepEqual(cut('\n\n', `data: a${end}${end}event: x${end}data: b${end}${end}`), frames, JSON.stringify(end))
  }
})

test('comments and spare blank lines are no frames', () => {
  assert.deepEqual(cut('\n\n', ':\n\n: ping\n\n\n\ndata: a\n: in between\ndata: b\n\n'), ['data: a\ndata: b'])
})

test('a byte order mark at the beginning is no part of the first frame', () => {
  assert.deepEqual(cut('\n\n', '\uFEFFdata: a\n\ndata: \uFEFF\n\n'), ['data: a', 'data: \uFEFF'])
  assert.deepEqual(cut('\n', '\uFEFF{}\n'), ['{}'])
})

test('lines of NDJSON end at a line feed; blank ones are none, and a carriage return inside is only a blank', () => {
  assert.deepEqual(cut('\n', '{"a":1}\r\n\n  \n{"b":\r2}'), ['{"a":1}\r', '{"b":\r2}'])
})

test('the last frame counts though its end is missing', () => {
  assert.deepEqual(cut('\n\n', 'data: a\n\ndata: [DONE]'), ['data: a', 'data: [DONE]'])
  assert.deepEqual(cut('\n', '{}\n{"done":true}'), ['{}', '{"done":true}'])
})

test('bytes that are not UTF-8 become the replacement character, and never spoil what stands beside them', () => {
  assert.deepEqual(cut('\n', Buffer.from([0x61, 0xff]), Buffer.from([0xf0, 0x9f]), Buffer.from('b\n')), [
    'a\uFFFD\uFFFDb',
  ])
})

test('a frame without an end is given up once it is too large, however it is sent', () => {
  for (const frameEnd of ['\n', '\n\n']) {
    const framer = new Framer(frameEnd, 100)
    assert.throws(
      () => {
        for (let at = 0; at < 11; at += 1) framer.push(Buffer.from('0123456789'))
      },
      { kind: 'upstream-broke' },
    )
  }
  const lines = new Framer('\n\n', 100)
  assert.throws(() => lines.push(Buffer.from('data: 0123456789\n'.repeat(10))), { kind: 'upstream-broke' })
})

test('frames are the same wherever the stream is cut', () => {
  const line = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
    .filter((text) => !/[\r\n:\uFEFF]/.test(text) && text.trim() !== '')
  const ends = fc.constantFrom('\n', '\r\n', '\r')
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 5 }),
      ends,
      fc.array(fc.nat(), { maxLength: 6 }),
      (lines, end, cuts) => {
        const bytes = Buffer.from(lines.map((each) => each + end + end).join(''))
        const places = [0, ...cuts.map((at) => at % bytes.length).toSorted((a, b) => a - b), bytes.length]
        assert.deepEqual(cut('\n\n', ...places.slice(1).map((to, at) => bytes.subarray(places[at], to))), lines)
      },
    ),
  )
})
