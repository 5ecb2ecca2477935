import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { TalkDialect, Watcher } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import { Meter } from './meter.ts'

/** A dialect that passes everything and remembers what it was shown. */
function recording(frameEnd: string): { dialect: TalkDialect; shown: string[] } {
  const shown: string[] = []
  const watcher: Watcher = {
    see: (frames) => {
      shown.push(Buffer.from(frames).toString())
      return frames
    },
    usage: undefined,
    frames: 0,
    ended: false,
    over: false,
    fault: undefined,
  }
  return { dialect: { frameEnd, watcher: () => watcher } as unknown as TalkDialect, shown }
}

const options = { hideUsage: false, rename: undefined }
const passed = (meter: Meter, text: string): string | undefined => {
  const out = meter.pass(Buffer.from(text))
  return out === undefined ? undefined : Buffer.from(out).toString()
}

test('a chunk of whole frames goes on as the very same object', () => {
  const meter = new Meter(recording('\n\n').dialect, options)
  const chunk = Buffer.from('data: 1\n\ndata: 2\n\n')
  assert.equal(meter.pass(chunk), chunk)
})

test('a torn frame waits for its end, and only whole frames go on', () => {
  const { dialect, shown } = recording('\n\n')
  const meter = new Meter(dialect, options)
  assert.equal(passed(meter, 'data: 1\n\nda'), 'data: 1\n\n')
  assert.equal(passed(meter, 'ta: 2'), undefined)
  assert.equal(passed(meter, '\n'), undefined)
  assert.equal(passed(meter, '\n'), 'data: 2\n\n')
  assert.deepEqual(shown, ['data: 1\n\n', 'data: 2\n\n'])
})

for (const [name, end] of [
  ['LF', '\n\n'],
  ['CRLF', '\r\n\r\n'],
  ['CR', '\r\r'],
] as const) {
  test(`the frames are the same wherever a stream with ${name} line ends is cut`, () => {
    const stream = ['data: a', 'data: {"text":"x"}', 'data: [DONE]'].map((frame) => frame + end).join('')
    for (let cut = 1; cut < stream.length; cut += 1) {
      const { dialect, shown } = recording('\n\n')
      const meter = new Meter(dialect, options)
      const out = (passed(meter, stream.slice(0, cut)) ?? '') + (passed(meter, stream.slice(cut)) ?? '')
      const rest = meter.rest()
      assert.equal(out + (rest === undefined ? '' : Buffer.from(rest).toString()), stream, `cut at ${cut}`)
      for (const frames of shown) assert.ok(!frames.startsWith('ata') && frames.startsWith('data'), `cut at ${cut}`)
    }
  })
}

test('in however many pieces a stream comes, all of it goes on, and in whole frames', () => {
  const ends = ['\n\n', '\r\n\r\n', '\r\r', '\n', '\r\n', '\r'] as const
  const line = fc.tuple(fc.constantFrom('data: a', 'event: b', ': c', '{}'), fc.constantFrom(...ends))
  fc.assert(
    fc.property(fc.array(line, { minLength: 1 }), fc.array(fc.integer({ min: 1, max: 12 })), (lines, sizes) => {
      const stream = lines.map(([text, end]) => text + end).join('')
      const { dialect, shown } = recording('\n\n')
      const meter = new Meter(dialect, options)
      let out = ''
      let at = 0
      for (const size of [...sizes, stream.length]) {
        if (at === stream.length) break
        out += passed(meter, stream.slice(at, at + size)) ?? ''
        at = Math.min(stream.length, at + size)
      }
      const rest = meter.rest()
      assert.equal(out + (rest === undefined ? '' : Buffer.from(rest).toString()), stream)
      const whole = rest === undefined ? shown : shown.slice(0, -1)
      for (const frames of whole) assert.match(frames, /(\n\n|\n\r\n|\r\r)$/)
    }),
  )
})

test('a long frame in many pieces costs about as much as in one', () => {
  const meter = new Meter(recording('\n\n').dialect, options)
  const piece = Buffer.alloc(256, 'x')
  const startedAt = performance.now()
  for (let bytes = 0; bytes < 4 * 1024 * 1024; bytes += piece.length) assert.equal(meter.pass(piece), undefined)
  assert.equal(meter.pass(Buffer.from('\n\n'))?.length, 4 * 1024 * 1024 + 2)
  // Put together anew with each piece, it was a minute.
  assert.ok(performance.now() - startedAt < 5_000)
})

test('a line is a frame where lines are', () => {
  const meter = new Meter(recording('\n').dialect, options)
  assert.equal(passed(meter, '{"a":1}\n{"b"'), '{"a":1}\n')
  assert.equal(passed(meter, ':2}\n'), '{"b":2}\n')
})

test('a last frame without its blank line is still seen', () => {
  const { dialect, shown } = recording('\n\n')
  const meter = new Meter(dialect, options)
  meter.pass(Buffer.from('data: [DONE]\n'))
  assert.ok(meter.rest())
  assert.deepEqual(shown, ['data: [DONE]\n'])
  assert.equal(meter.rest(), undefined)
})

test('a frame that never ends is cut off rather than gathered', () => {
  const meter = new Meter(recording('\n\n').dialect, options)
  const chunk = Buffer.alloc(5 * 1024 * 1024, 'x')
  assert.throws(() => {
    for (let i = 0; i < 5; i += 1) meter.pass(chunk)
  }, Fault)
})

test('a frame that never ends is cut off as well when it comes byte by byte', () => {
  const meter = new Meter(recording('\n\n').dialect, options)
  const byte = Buffer.from('x')
  let given = 0
  assert.throws(() => {
    for (; given < 200_000; given += 1) meter.pass(byte)
  }, Fault)
  assert.ok(given > 50_000)
})

test('a frame in thousands of pieces costs about what its bytes cost', () => {
  const meter = new Meter(recording('\n\n').dialect, options)
  // A line break in each, so that its end is looked for each time: to gather them anew each time would copy 25 GB.
  const piece = Buffer.from(`data: ${'x'.repeat(1_000)}\n`)
  const { user, system } = process.cpuUsage()
  for (let at = 0; at < 7_000; at += 1) assert.equal(meter.pass(piece), undefined)
  const out = meter.pass(Buffer.from('\n'))
  const used = process.cpuUsage({ user, system })
  assert.equal(out?.length, piece.length * 7_000 + 1)
  assert.ok(used.user + used.system < 1_000_000, `${used.user + used.system} µs`)
})

test('the end of a frame is found however it is cut into single bytes', () => {
  for (const end of ['\n\n', '\r\n\r\n', '\r\r']) {
    const { dialect, shown } = recording('\n\n')
    const meter = new Meter(dialect, options)
    const stream = `data: a\ndata: b${end}data: c${end}`
    const out = Array.from(stream, (byte) => passed(meter, byte) ?? '').join('')
    assert.equal(out, stream)
    assert.equal(shown.length, 2)
  }
})
