import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NetFault } from '../../core/world.ts'
import { drive, type Told } from './drive.test-helper.ts'
import { cutShort, faultyBodies, faultyHeads } from './faults.test-helper.ts'
import { isFault } from './wire.test-helper.ts'

const frames = [
  'data: {"choices":[{"delta":{"content":"grüße"}}]}\n\n',
  'data: {"choices":[{"delta":{"content":" 東京 🦊"}}]}\n\n',
  ': keep-alive\n\n',
  'data: [DONE]\n\n',
]
const text = frames.join('')
const chunks = frames.map((frame) => `${Buffer.byteLength(frame).toString(16)}\r\n${frame}\r\n`).join('')

/** As llama-server, Ollama and a server of HTTP/1.0 put it on the wire. */
const recorded: Readonly<Record<string, Buffer>> = {
  chunked: Buffer.from(
    'HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nAccess-Control-Allow-Origin: \r\nX-Accel-Buffering: no\r\n' +
      'Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=5, max=100\r\n\r\n' +
      `${chunks}0\r\n\r\n`,
  ),
  'chunked, with all that a chunk may carry': Buffer.from(
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
      `${chunks.replaceAll(/(?<=^|\n)([0-9a-f]+)\r\n(?=data)/g, '0$1;a="b c"\r\n')}0;z\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n`,
  ),
  'of known length': Buffer.from(
    'HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nDate: Sat, 21 Nov 2026 07:00:00 GMT\r\n' +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  ),
  'until the end': Buffer.from(`HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n${text}`),
}

function assertWhole(told: Told, how: string): void {
  assert.equal(told.fault, undefined, how)
  assert.equal(told.status, 200, how)
  assert.equal(told.body.toString(), text, how)
}

for (const [kind, bytes] of Object.entries(recorded)) {
  test(`a body ${kind}, cut in two at any byte, is the same body`, async () => {
    for (let at = 0; at <= bytes.length; at += 1) {
      assertWhole(await drive([bytes.subarray(0, at), bytes.subarray(at)]), `cut at ${at}`)
    }
  })

  test(`a body ${kind}, byte by byte, is the same body`, async () => {
    assertWhole(await drive([...bytes].map((byte) => Uint8Array.of(byte))), 'byte by byte')
  })

  test(`a body ${kind}, cut anywhere any number of times, is the same body`, async () => {
    const cuts = fc.uniqueArray(fc.nat(bytes.length), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const sorted = [0, ...places.sort((a, b) => a - b), bytes.length]
        const pieces = sorted.slice(1).map((to, nth) => bytes.subarray(sorted[nth], to))
        assertWhole(await drive(pieces.filter(({ length }) => length > 0)), `cuts at ${places.join()}`)
      }),
      { numRuns: 150 },
    )
  })
}

test('an answer is faulty wherever the network cuts it', async () => {
  for (const [what, answer] of Object.entries({ ...faultyHeads, ...faultyBodies })) {
    const bytes = Buffer.from(answer, 'latin1')
    const step = Math.max(1, Math.floor(bytes.length / 60))
    for (let at = 1; at < bytes.length; at += step) {
      const told = await drive([bytes.subarray(0, at), bytes.subarray(at)])
      assert.ok(
        told.fault instanceof NetFault && told.fault.kind === 'framing',
        `${what}, cut at ${at}: ${String(told.fault)}`,
      )
      assert.equal(told.connection, 'destroyed')
    }
  }
})

test('an answer that is cut short is broken, however far it came', async () => {
  for (const [when, bytes] of Object.entries(cutShort)) {
    const { fault } = await drive(bytes === '' ? [] : [Buffer.from(bytes)])
    assert.ok(fault instanceof NetFault && fault.kind === 'reset', `${when}: ${String(fault)}`)
  }
})

test('every strict beginning of an answer of known framing is broken', async () => {
  for (const kind of ['chunked', 'chunked, with all that a chunk may carry', 'of known length']) {
    const bytes = recorded[kind]!
    for (let size = 1; size < bytes.length; size += 1) {
      isFault('reset')((await drive([bytes.subarray(0, size)])).fault)
    }
  }
})

test('a connection rests only behind a whole answer with nothing after it', async () => {
  const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  const cases: Readonly<Record<string, string>> = {
    [whole]: 'rests',
    [`${whole}!`]: 'destroyed',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n': 'rests',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n\r\n': 'destroyed',
    'HTTP/1.1 204 No Content\r\n\r\n': 'rests',
    'HTTP/1.1 204 No Content\r\n\r\nok': 'destroyed',
    'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok': 'destroyed',
    'HTTP/1.1 200 OK\r\nConnection: x, CLOSE ,y\r\nContent-Length: 2\r\n\r\nok': 'destroyed',
    'HTTP/1.1 200 OK\r\nConnection: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok': 'destroyed',
    'HTTP/1.1 200 OK\r\nConnection: closed\r\nContent-Length: 2\r\n\r\nok': 'rests',
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok': 'destroyed',
  }
  for (const [bytes, expected] of Object.entries(cases)) {
    const told = await drive([Buffer.from(bytes)])
    assert.equal(told.fault, undefined, bytes)
    assert.equal(told.connection, expected, bytes)
  }
})

test('a field may have any name, also one that objects have by birth', async () => {
  const bytes =
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConstructor: a\r\n__proto__: b\r\n__PROTO__: c\r\nX-None: \r\n\r\n'
  const { headers } = await drive([Buffer.from(bytes)])
  assert.equal(headers['constructor'], 'a')
  assert.equal(headers['__proto__'], 'b, c')
  assert.equal(headers['toString'], undefined)
  assert.deepEqual(Object.keys(headers), ['content-length', 'constructor', '__proto__', 'x-none'])
})

test('a head may have 32 KiB, and not a byte more', async () => {
  const head = (size: number): Buffer => {
    const fixed = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: \r\n\r\n'
    return Buffer.from(fixed.replace('X-A: ', `X-A: ${'a'.repeat(size - fixed.length)}`))
  }
  const halves = (bytes: Buffer): Buffer[] => [bytes.subarray(0, 15_000), bytes.subarray(15_000)]
  assert.equal((await drive(halves(head(32_768)))).status, 200)
  isFault('framing')((await drive(halves(head(32_769)))).fault)
})
