import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chat, openDoor } from './fake-gateway.ts'
import { RawClient } from './raw.ts'

/** The same numbers for the same seed (mulberry32). */
function chanceOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const body = chat({ messages: [{ role: 'user', content: 'Tell me of it. '.repeat(20) }] })
const seeds = [
  `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  `POST /api/chat HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer k\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  'GET /v1/models/org%2Fname?a=b HTTP/1.1\r\nHost: localhost:1\r\nX-Request-Id: 1\r\nConnection: keep-alive\r\n\r\n',
]
const awkward = ['\0', '\r', '\n', '\r\n', ' ', '\t', ':', ',', ';', '/', '%', '\\', '"', '{', '\x7f', '\xff', '0', '-']

/** A request in which a byte or two are others, and sometimes some more, fewer or twice. */
function mutated(seed: number): string {
  const chance = chanceOf(seed)
  let bytes = seeds[chance(seeds.length)]!
  for (let left = 1 + chance(2); left > 0; left -= 1) {
    const at = chance(bytes.length)
    bytes = bytes.slice(0, at) + String.fromCharCode(32 + chance(95)) + bytes.slice(at + 1)
  }
  if (chance(2) === 0) return bytes
  const at = chance(bytes.length)
  const span = chance(8)
  return (
    bytes.slice(0, at) +
    [awkward[chance(awkward.length)]!, bytes.slice(at, at + span).repeat(2), ''][chance(3)]! +
    bytes.slice(at + span)
  )
}

test('whatever is sent, every ask has its answer, every answer is one, and the door stays open', async (t) => {
  const door = await openDoor(t, { headersMs: 100, requestMs: 200 })
  const count = 600
  let refused = 0
  let served = 0
  const attempt = async (seed: number): Promise<void> => {
    const client = new RawClient(door.port)
    // The second one shows where the first one ended.
    client.send(`${mutated(seed)}GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    for (;;) {
      const answer = await client.answer()
      if (answer === undefined) break
      if (answer.status >= 400) refused += 1
      if (answer.body.includes('"said"')) served += 1
      assert.ok(
        [200, 400, 401, 403, 404, 405, 413, 415, 417, 431, 501].includes(answer.status),
        `seed ${seed}: ${answer.status}`,
      )
      if (answer.status >= 400) assert.ok(JSON.parse(answer.body), `seed ${seed}`)
    }
    assert.equal(await client.ended(), '', `seed ${seed}`)
    client.close()
  }
  for (let seed = 0; seed < count; seed += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, at) => attempt(seed + at)))
  }
  assert.equal(door.asks.length, served)
  // Mutations that never get past the parser would prove nothing, nor those that always do.
  assert.ok(served > count / 8 && refused > count / 4, `${served} served, ${refused} refused`)
})
