import assert from 'node:assert/strict'
import type { Caller } from '../../src/core/ask.ts'
import type { Fault } from '../../src/core/fault.ts'
import type { Json } from '../../src/core/json.ts'
import type { World } from '../../src/core/world.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'
import { type Scene, wishOf } from './scenes.ts'

/** What a caller got of a stream that came in these pieces. */
export interface Passed {
  /** What it was given, without what tells it that something went wrong. */
  readonly out: Buffer
  /** What it was told to have gone wrong, in its own dialect behind `out`, or instead of an answer. */
  readonly fault: Fault | undefined
  /** How much of `out` it had before the last piece was asked for. */
  readonly before: number
}

/** Nothing here is late. */
const neverMs = 1e12

const anyone: Caller = { id: 'anyone', weight: 1, priority: 'default', models: undefined, cloud: 'allowed' }

/** The way of a stream through the whole gateway to one caller, without sockets and without time. */
export class Passage {
  readonly scene: Scene
  readonly #gateway: Gateway
  readonly #body: Json
  readonly #raw: Buffer
  #pieces: readonly Uint8Array[] = []
  #out: Uint8Array[] = []
  /** How many of `#out` there were when the last piece was asked for. */
  #before = 0

  constructor(scene: Scene) {
    this.scene = scene
    const { name, backend, served, listener } = scene
    this.#body = listener.ask(wishOf(scene)) as Json
    this.#raw = Buffer.from(JSON.stringify(this.#body))
    let now = 0
    const world: World = {
      now: () => now,
      epochMs: () => 1_763_700_000_000,
      random: () => 0.5,
      // A place that is to rest has rested before anything else happens.
      sleep: (ms) =>
        new Promise((resolve) =>
          setImmediate(() => {
            now += ms
            resolve()
          }),
        ),
      send: () => Promise.resolve({ status: 200, headers: {}, body: this.#flow() }),
    }
    this.#gateway = createGateway(
      {
        upstreams: [
          {
            name: 'recorded',
            backend,
            origin: 'http://recorded',
            basePath: '',
            apiKey: undefined,
            tier: 0,
            concurrency: 1,
            serve: new Map([[name, served]]),
            context: new Map(),
          },
        ],
        queue: { max: 1, patienceMs: neverMs },
        callers: [],
        timeouts: { connectMs: neverMs, firstTokenMs: neverMs, gapMs: neverMs },
        attemptsMax: 1,
        probeEveryMs: neverMs,
      },
      { world },
    )
  }

  async send(pieces: readonly Uint8Array[]): Promise<Passed> {
    this.#pieces = pieces
    this.#out = []
    this.#before = 0
    const { caller } = this.scene
    let fault: Fault | undefined
    try {
      const reply = await this.#gateway.serve(
        this.#gateway.ask({
          dialect: caller,
          body: this.#body,
          raw: this.#raw,
          caller: anyone,
          signal: new AbortController().signal,
          id: 'recorded',
        }),
      )
      for await (const bytes of reply.body) this.#out.push(bytes)
    } catch (error) {
      assert.equal((error as Error).name, 'Fault', (error as Error).stack)
      fault = error as Fault
    }
    // Streams that break on purpose are no reason to leave the server alone.
    for (const upstream of this.#gateway.fleet.upstreams) upstream.breaker.close()
    return { out: joined(this.#out), fault, before: joined(this.#out.slice(0, this.#before)).length }
  }

  async *#flow(): AsyncGenerator<Uint8Array> {
    for (const piece of this.#pieces) {
      this.#before = this.#out.length
      yield piece
    }
  }
}

/**
 * Comments that come before the first word may go lost: until then another server may still take over. What is told of the
 * prompt before it was counted is an estimate, which gets better with every answer.
 */
function joined(pieces: readonly Uint8Array[]): Buffer {
  const out = Buffer.concat(pieces)
  if (out[0] === 0x3a) return Buffer.from(out.toString().replaceAll(/^:\n\n/gm, ''))
  if (out.indexOf(messageStart) !== 0) return out
  return Buffer.from(out.toString().replace(/"input_tokens":\d+/, '"input_tokens":0'))
}

const messageStart = 'event: message_start'
