/**
 * Answers that are not what they should be, from servers to every caller: what comes out is an answer or a fault, never
 * nonsense of our own making, and nothing stays behind.
 *
 *     node test/fuzz/replies.fuzz.ts [count] [seed]
 */
import assert from 'node:assert/strict'
import type { Caller } from '../../src/core/ask.ts'
import { Fault } from '../../src/core/fault.ts'
import type { Reply } from '../../src/core/reply.ts'
import type { Inbound, Outbound } from '../../src/core/world.ts'
import type { Gateway } from '../../src/gateway.ts'
import { dialectById } from '../../src/dialects/index.ts'
import { chanceOf } from '../../src/sim/chance.ts'
import { probeAnswer } from '../faults/server/probes.ts'
import { type ServerKind, wireOf } from '../faults/server/wires.ts'
import { listeners } from '../replay/listeners/index.ts'
import { bodyIn, house, inboundOf, kinds } from './house.ts'
import { cut, oneOf } from './mutate.ts'
import { fuzzedReply } from './replies.ts'
import { command } from './command.ts'

export interface Findings {
  readonly count: number
  /** Those of which something was understood. */
  readonly reached: number
  /** Those that ended well for their callers. */
  readonly whole: number
  readonly slowestMs: number
}

const dialects = ['openai-chat', 'anthropic-messages', 'ollama-chat', 'openai-responses'] as const

const anyone: Caller = { id: 'anyone', weight: 1, priority: 'default', models: undefined, cloud: 'allowed' }

/** What breakers and the like remember is over by the next request. */
const hourMs = 3_600_000

export interface Asking {
  readonly dialect: (typeof dialects)[number]
  readonly kind: (typeof kinds)[number]
  readonly stream: boolean
}

export interface Campaign {
  readonly count: number
  readonly seed: number
  /** On a machine that is busy with other things it ends sooner, with fewer. */
  readonly mostMs?: number
}

export async function campaign({ count, seed, mostMs = Infinity }: Campaign): Promise<Findings> {
  const startedAt = performance.now()
  const bench = await openBench()
  let whole = 0
  let slowestMs = 0
  let nth = 0
  for (; nth < count && performance.now() - startedAt < mostMs; nth += 1) {
    const chance = chanceOf(seed, `reply ${nth}`)
    const asking = { dialect: oneOf(chance, dialects), kind: oneOf(chance, kinds), stream: chance() < 0.7 }
    let reply: Buffer = Buffer.alloc(0)
    const since = performance.now()
    try {
      const isWell = await bench.hear(asking, (streams) => {
        reply = fuzzedReply(asking.kind, streams, chance)
        return cut(reply, chance)
      })
      if (isWell) whole += 1
    } catch (error) {
      throw new Error(`reply ${nth} of seed ${seed}, ${JSON.stringify(asking)}:\n${reply.toString()}`, { cause: error })
    }
    slowestMs = Math.max(slowestMs, performance.now() - since)
  }
  const reached = await bench.close()
  return { count: nth, reached, whole, slowestMs }
}

interface Bench {
  /** Whether it ended well. Throws where something was not as it has to be. */
  hear(asking: Asking, reply: (streams: boolean) => readonly Buffer[]): Promise<boolean>
  /** Tells of how many answers something was understood. */
  close(): Promise<number>
}

export async function openBench(): Promise<Bench> {
  let hours = 0
  let replyOf: (streams: boolean) => readonly Buffer[] = () => []
  const answer = (out: Outbound, name: string): Inbound => {
    const kind = name as ServerKind
    const wire = wireOf[kind]
    if (out.method !== 'POST' || out.path !== wire.path) {
      const said = probeAnswer(kind, kind, out.path)
      return inboundOf(said === undefined ? 404 : 200, 'application/json', [Buffer.from(JSON.stringify(said ?? {}))])
    }
    const { stream } = bodyIn(out)
    const streams = kind === 'ollama' ? stream !== false : stream === true
    return inboundOf(200, streams ? wire.streamType : 'application/json', replyOf(streams))
  }
  const gateway = house(answer, () => performance.now() + hours * hourMs)
  let reached = 0
  gateway.subscribe(({ type }) => {
    if (type === 'first-token') reached += 1
  })
  await gateway.start()
  return {
    hear: (asking, reply) => {
      hours += 1
      replyOf = reply
      return hear(gateway, asking)
    },
    close: async () => {
      for (const upstream of gateway.fleet.upstreams) assert.equal(upstream.inFlight, 0, 'no place stays taken')
      assert.deepEqual(gateway.asks(), [], 'no ask stays behind')
      await gateway.stop()
      return reached
    },
  }
}

async function hear(gateway: Gateway, { dialect, kind, stream }: Asking): Promise<boolean> {
  const listener = listeners[dialect]!
  const body = listener.ask({ model: kind, stream, task: 'chat', tools: false }) as Readonly<Record<string, unknown>>
  const input = { dialect: dialectById(dialect)!, body, raw: Buffer.from(JSON.stringify(body)), caller: anyone }
  let reply: Reply
  try {
    reply = await gateway.serve(gateway.ask({ ...input, signal: new AbortController().signal }))
  } catch (error) {
    assertTold(error)
    return false
  }
  const { text, fault } = await readAll(reply)
  const { usage, fault: settled } = await reply.outcome
  for (const tokens of [usage.promptTokens, usage.outputTokens])
    assert.ok(Number.isSafeInteger(tokens) && tokens >= 0, `${tokens} tokens`)
  assert.equal(settled, fault, 'it is settled as it ended')
  // What is handed on as it came is the server's to answer for.
  if (wireOf[kind].path === listener.path) return fault === undefined
  try {
    if (!stream) listener.hearWhole(JSON.parse(text))
    else {
      const told = listener.hearStream(fault === undefined ? text : text + input.dialect.faultFrame(fault))
      assert.equal(told.isWhole, fault === undefined, 'it looks finished when it is')
      assert.equal(told.fault === undefined, fault === undefined, 'it looks broken when it is')
    }
  } catch (error) {
    if (!isOfTheModel(error)) throw error
    for (const line of text.split('\n')) if (/^(?:data: )?\{/.test(line)) JSON.parse(line.replace('data: ', ''))
  }
  return fault === undefined
}

/** What a model puts into a call is its own affair, and need not be an object or JSON at all: but all that is around it is. */
const isOfTheModel = (error: unknown): boolean =>
  error instanceof SyntaxError ||
  (error instanceof assert.AssertionError && /^(input|arguments) is an object/.test(error.message))

async function readAll(reply: Reply): Promise<{ readonly text: string; readonly fault: Fault | undefined }> {
  const pieces: Uint8Array[] = []
  try {
    for await (const piece of reply.body) pieces.push(piece)
    return { text: Buffer.concat(pieces).toString(), fault: undefined }
  } catch (error) {
    assertTold(error)
    return { text: Buffer.concat(pieces).toString(), fault: error as Fault }
  }
}

function assertTold(error: unknown): void {
  if (!(error instanceof Fault)) throw error
  if (error.kind === 'internal') throw error
}

export function assertReach({ count, reached, whole }: Findings): void {
  assert.ok(reached >= count * 0.7, `only of ${reached} of ${count} answers anything was understood`)
  assert.ok(whole >= count * 0.1 && whole <= count * 0.9, `${whole} of ${count} answers ended well`)
}

if (import.meta.main) {
  await command(campaign, (findings) => {
    assertReach(findings)
    assert.ok(findings.slowestMs < 1_000, `one took ${findings.slowestMs} ms`)
  })
}
