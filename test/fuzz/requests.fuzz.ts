/**
 * Requests that are not what they should be, through the door and on to the servers: each is answered, soon, in the shape of
 * its API and with a status that is documented, and nothing stays behind.
 *
 *     node test/fuzz/requests.fuzz.ts [count] [seed]
 */
import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Inbound, Outbound } from '../../src/core/world.ts'
import { startDoor } from '../../src/http/server.ts'
import { chanceOf } from '../../src/sim/chance.ts'
import { probeAnswer } from '../faults/server/probes.ts'
import { type ServerKind, wireOf } from '../faults/server/wires.ts'
import { type Answer, RawClient } from '../http/raw.ts'
import { listeners } from '../replay/listeners/index.ts'
import { bodyIn, house, inboundOf } from './house.ts'
import { type Fuzzed, fuzzedRequest } from './requests.ts'
import { command } from './command.ts'

export interface Findings {
  readonly count: number
  /** Those of which the gateway made an ask. */
  readonly reached: number
  /** Answers by status. */
  readonly statuses: Readonly<Record<number, number>>
  /** The longest that one took. */
  readonly slowestMs: number
  /** How much more was alive at the end than when it was warm. */
  readonly grewBytes: number
}

export interface Campaign {
  readonly count: number
  readonly seed: number
  /** On a machine that is busy with other things it ends sooner, with fewer. */
  readonly mostMs?: number
}

/** What a refusal may be: everything the gateway is known to say, but not that something went wrong inside. */
const documented: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 413, 415, 429, 501, 502, 503, 504, 529])

const lanes = 8
const warmAt = 2_000

export async function campaign({ count, seed, mostMs = Infinity }: Campaign): Promise<Findings> {
  const startedAt = performance.now()
  const gateway = house(answer)
  let reached = 0
  gateway.subscribe(({ type }) => {
    if (type === 'ask-arrived') reached += 1
  })
  await gateway.start()
  const door = await startDoor(gateway, { host: '127.0.0.1', port: 0 })
  const statuses: Record<number, number> = {}
  let slowestMs = 0
  let warmBytes = 0
  let next = 0
  const lane = async (): Promise<void> => {
    let client = new RawClient(door.address.port)
    for (;;) {
      if (next >= count || performance.now() - startedAt > mostMs) break
      const nth = next
      next += 1
      if (nth === warmAt) warmBytes = sizeNow()
      const fuzzed = fuzzedRequest(chanceOf(seed, `request ${nth}`))
      const where = `request ${nth} of seed ${seed}: ${fuzzed.dialect} ${fuzzed.headers.join(', ')} ${fuzzed.body.toString()}`
      const since = performance.now()
      const { answered, closed } = await exchange(client, fuzzed)
      slowestMs = Math.max(slowestMs, performance.now() - since)
      assert.ok(answered !== undefined, `${where}: no answer`)
      statuses[answered.status] = (statuses[answered.status] ?? 0) + 1
      judge(fuzzed, answered, where)
      if (!closed) continue
      client.close()
      client = new RawClient(door.address.port)
    }
    client.close()
  }
  try {
    await Promise.all(Array.from({ length: lanes }, lane))
    const grewBytes = sizeNow() - warmBytes
    assert.deepEqual(gateway.asks(), [], 'no ask stays behind')
    for (const upstream of gateway.fleet.upstreams) assert.equal(upstream.inFlight, 0, 'no place stays taken')
    return { count: next, reached, statuses, slowestMs, grewBytes }
  } finally {
    await door.close(0)
    await gateway.stop()
  }
}

async function exchange(
  client: RawClient,
  { dialect, body, headers }: Fuzzed,
): Promise<{ readonly answered: Answer | undefined; readonly closed: boolean }> {
  const { path } = listeners[dialect]!
  const lines = [`POST ${path} HTTP/1.1`, 'Host: localhost', `Content-Length: ${body.length}`, ...headers, '', '']
  client.send(lines.join('\r\n') + body.toString('latin1'))
  const answered = await client.answer()
  return { answered, closed: answered === undefined || answered.headers['connection'] === 'close' }
}

function judge({ dialect }: Fuzzed, { status, headers, body }: Answer, where: string): void {
  const listener = listeners[dialect]!
  const text = Buffer.from(body, 'latin1').toString()
  try {
    if (status !== 200) {
      assert.ok(documented.has(status), `status ${status}`)
      listener.hearRefusal(JSON.parse(text))
    } else if (headers['content-type']!.startsWith('application/json')) JSON.parse(text)
    else {
      const heard = listener.hearStream(text)
      assert.ok(heard.isWhole || heard.fault !== undefined, 'a stream ends in one way or the other')
    }
  } catch (error) {
    throw new Error(`${where}\nwas answered ${status} ${text.slice(0, 2_000)}`, { cause: error })
  }
}

const frames: Readonly<Record<string, readonly [stream: readonly Buffer[], whole: Buffer]>> = Object.fromEntries(
  Object.entries(wireOf).map(([kind, wire]) => {
    const question = { model: kind, text: 'hi', stream: true }
    const { opening, words, closing } = wire.frames(question)
    const stream = [...opening, ...words.slice(0, 3), ...closing].map((frame) => Buffer.from(frame))
    return [`${kind} ${wire.path}`, [stream, Buffer.from(wire.whole(question))] as const]
  }),
)

const vectors: Readonly<Record<string, string>> = {
  '/v1/embeddings':
    '{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1]}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}',
  '/api/embed': '{"model":"m","embeddings":[[1]],"prompt_eval_count":1}',
  '/api/embeddings': '{"embedding":[1]}',
}

const data = (text: string): Buffer => Buffer.from(`data: ${text}\n\n`)

/** Texts that are carried on. */
const texts: typeof frames = {
  'openai-compatible /v1/completions': [
    [
      data(
        '{"id":"c","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"a","finish_reason":null}]}',
      ),
      data(
        '{"id":"c","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"","finish_reason":"stop"}]}',
      ),
      data('[DONE]'),
    ],
    Buffer.from(
      '{"id":"c","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"a","finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}',
    ),
  ],
  'ollama /api/generate': [
    [
      Buffer.from('{"model":"m","created_at":"2026-11-21T07:00:00Z","response":"a","done":false}\n'),
      Buffer.from('{"model":"m","created_at":"2026-11-21T07:00:00Z","response":"","done":true,"done_reason":"stop"}\n'),
    ],
    Buffer.from('{"model":"m","created_at":"2026-11-21T07:00:00Z","response":"a","done":true,"done_reason":"stop"}'),
  ],
}

/** A server that takes whatever it is asked. */
function answer(out: Outbound, kind: string): Inbound {
  const json = (status: number, text: string): Inbound => inboundOf(status, 'application/json', [Buffer.from(text)])
  if (out.method !== 'POST' || out.path === '/api/show') {
    const said = probeAnswer(kind as ServerKind, kind, out.path)
    return said === undefined ? json(404, '{}') : json(200, JSON.stringify(said))
  }
  const vector = vectors[out.path]
  if (vector !== undefined) return json(200, vector)
  const known = frames[`${kind} ${out.path}`] ?? texts[`${kind} ${out.path}`]
  if (known === undefined) return json(404, '{"error":"404 page not found"}')
  const { stream } = bodyIn(out)
  const streams = kind === 'ollama' ? stream !== false : stream === true
  return streams ? inboundOf(200, wireOf[kind as ServerKind].streamType, known[0]) : json(200, known[1].toString())
}

/** What is alive when all that is not needed has been let go. The process keeps more, and gives it back when it is asked to. */
function sizeNow(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** What the runtime itself learns of the code goes on for a while. */
export const grewMaxBytes: number = 8 * 1024 * 1024

export function assertReach({ count, reached }: Findings): void {
  assert.ok(reached >= count * 0.6, `only ${reached} of ${count} requests became asks`)
}

if (import.meta.main) {
  await command(campaign, (findings) => {
    assertReach(findings)
    assert.ok(findings.slowestMs < 1_000, `one took ${findings.slowestMs} ms`)
    assert.ok(findings.grewBytes < grewMaxBytes, `it grew by ${findings.grewBytes} bytes`)
  })
}
