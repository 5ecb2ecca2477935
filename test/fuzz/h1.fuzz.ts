/**
 * Mutated answers against our HTTP client. Whatever the bytes: it settles, it fails with nothing but a NetFault, it never
 * makes up a byte, and it says the same however the network cuts them.
 *
 *     node test/fuzz/h1.fuzz.ts [count] [seed]
 */
import assert from 'node:assert/strict'
import { NetFault } from '../../src/core/world.ts'
import { HttpClient } from '../../src/http/h1/client.ts'
import { drive, type Told } from '../../src/http/h1/drive.test-helper.ts'
import { get, listen } from '../../src/http/h1/wire.test-helper.ts'
import type { Chance } from '../../src/sim/chance.ts'
import { command } from './command.ts'
import { below, cut, mutateBytes, oneOf } from './mutate.ts'

export interface Campaign {
  readonly count: number
  readonly seed: number
  /** One in so many also travels over a real socket. */
  readonly socketEvery: number
}

export interface Findings {
  readonly count: number
  /** Answers whose head was understood. */
  readonly reached: number
  readonly whole: number
  readonly overSockets: number
}

export async function campaign({ count, seed, socketEvery }: Campaign): Promise<Findings> {
  const chance = chanceFrom(seed)
  let reached = 0
  let whole = 0
  let overSockets = 0
  let bytes: Buffer = Buffer.alloc(0)
  const wire = await listen(({ socket }) => void socket.end(bytes))
  const client = new HttpClient()
  try {
    for (let nth = 0; nth < count; nth += 1) {
      bytes = mutated(answer(chance), chance)
      const where = `answer ${nth} of seed ${seed}: ${JSON.stringify(bytes.toString('latin1'))}`
      const once = await drive([bytes])
      assertSound(once, bytes, where)
      assertAgree(once, await drive(cut(bytes, chance, 40)), where)
      if (once.status !== undefined) reached += 1
      if (once.fault === undefined) whole += 1
      if (nth % socketEvery !== 0) continue
      overSockets += 1
      assertAgree(once, await overSocket(client, wire.origin), `${where}, over a socket`)
    }
  } finally {
    await client.close()
    await wire.close()
  }
  return { count, reached, whole, overSockets }
}

function assertSound(told: Told, bytes: Buffer, where: string): void {
  assert.ok(told.fault === undefined || told.fault instanceof NetFault, `${where}: ${String(told.fault)}`)
  assert.ok(told.body.length <= bytes.length, `${where}: ${told.body.length} bytes of body`)
  assert.notEqual(told.connection === 'rests' && told.fault !== undefined, true, `${where}: a broken connection rests`)
  if (told.fault === undefined) assert.ok(told.status! >= 200, where)
}

/** Cut or not, an answer is the same; only how much of it was handed over before a fault may differ. */
function assertAgree(once: Told, cutUp: Told, where: string): void {
  const kind = (told: Told): string | undefined =>
    told.fault instanceof NetFault ? told.fault.kind : String(told.fault)
  assert.equal(kind(cutUp), kind(once), where)
  assert.equal(cutUp.status, once.status, where)
  const size = Math.min(once.body.length, cutUp.body.length)
  assert.ok(once.body.subarray(0, size).equals(cutUp.body.subarray(0, size)), where)
  if (once.fault === undefined) assert.equal(cutUp.body.length, once.body.length, where)
}

async function overSocket(client: HttpClient, origin: string): Promise<Told> {
  const told: Told = { status: undefined, headers: {}, body: Buffer.alloc(0), fault: undefined, connection: 'busy' }
  const pieces: Uint8Array[] = []
  try {
    const inbound = await client.send(get(origin, '/', AbortSignal.timeout(5_000)))
    told.status = inbound.status
    for await (const piece of inbound.body) pieces.push(piece)
  } catch (fault) {
    told.fault = fault
  }
  told.body = Buffer.concat(pieces)
  return told
}

/** A small generator of chance (mulberry32): the same seed, the same campaign, on every machine. */
function chanceFrom(seed: number): Chance {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const fields = [
  'Server: llama.cpp',
  'Content-Type: text/event-stream',
  'Date: Sat, 21 Nov 2026 07:00:00 GMT',
  'Keep-Alive: timeout=5, max=100',
  'Connection: keep-alive',
  'Connection: close',
  'Access-Control-Allow-Origin: ',
  'X-Accel-Buffering: no',
  'Set-Cookie: a=b',
]

const texts = [
  'data: {"text":"grüße"}\n\n',
  '{"done":false}\n',
  ': ping\n\n',
  '',
  'data: [DONE]\n\n',
  '東京 🦊',
  'HTTP/1.1 200 OK\r\n\r\n',
]

interface Parts {
  readonly head: string
  readonly body: Buffer
}

function answer(chance: Chance): Parts {
  const interim = chance() < 0.1 ? 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' : ''
  const lines = Array.from({ length: below(chance, 5) }, () => oneOf(chance, fields))
  const pieces = Array.from({ length: below(chance, 6) }, () => Buffer.from(oneOf(chance, texts)))
  const kind = oneOf(chance, ['chunked', 'chunked', 'length', 'close'] as const)
  const body = kind === 'chunked' ? Buffer.concat(chunked(pieces, chance)) : Buffer.concat(pieces)
  if (kind === 'chunked') lines.push('Transfer-Encoding: chunked')
  if (kind === 'length') lines.push(`Content-Length: ${body.length}`)
  const status = oneOf(chance, ['200 OK', '200 OK', '404 Not Found', '503 Service Unavailable', '500 '])
  return { head: `${interim}HTTP/1.1 ${status}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`, body }
}

function chunked(pieces: readonly Buffer[], chance: Chance): Buffer[] {
  const out = pieces
    .filter(({ length }) => length > 0)
    .flatMap((piece) => [
      Buffer.from(`${piece.length.toString(16)}${chance() < 0.1 ? ';a=b' : ''}\r\n`),
      piece,
      Buffer.from('\r\n'),
    ])
  return [...out, Buffer.from(chance() < 0.1 ? '0\r\nX-Sum: 1\r\n\r\n' : '0\r\n\r\n')]
}

/** Signs on which HTTP turns. */
const http = { telling: Buffer.from('\r\n\0 \t:;0159afAFgHx,-+\x7f\xff', 'latin1'), twice: 1 }

/** Mostly the body is hit: a head that is gone at once hides all that comes behind it. */
function mutated({ head, body }: Parts, chance: Chance): Buffer {
  let front: Buffer = Buffer.from(head, 'latin1')
  let back = body
  const count = below(chance, 4)
  for (let nth = 0; nth < count; nth += 1) {
    if (chance() < 0.15 || back.length === 0) front = mutateBytes(front, chance, http)
    else back = mutateBytes(back, chance, http)
  }
  return Buffer.concat([front, back])
}

export function assertReach({ count, reached, whole }: Findings): void {
  assert.ok(reached >= count * 0.7, `only ${reached} of ${count} answers got past their head`)
  assert.ok(whole >= count * 0.2 && whole <= count * 0.8, `${whole} of ${count} answers were whole`)
}

if (import.meta.main) await command((asked) => campaign({ ...asked, socketEvery: 100 }), assertReach)
