import { Guardrails } from '../../src/accounts/guardrails.ts'
import { MemoryNotes } from '../../src/accounts/memory-notes.ts'
import { Treasury } from '../../src/accounts/treasury.ts'
import type { Backend } from '../../src/core/backend.ts'
import type { TestContext } from 'node:test'
import type { Ask, Caller } from '../../src/core/ask.ts'
import { type Bounds, usualBounds } from '../../src/core/bounds.ts'
import type { Position } from '../../src/core/dialect.ts'
import type { Event } from '../../src/core/event.ts'
import type { Reply } from '../../src/core/reply.ts'
import type { Serve } from '../../src/core/serve.ts'
import type { CallerSettings, Settings, UpstreamSettings } from '../../src/core/settings.ts'
import { noUsage } from '../../src/core/usage.ts'
import type { World } from '../../src/core/world.ts'
import { dialects } from '../../src/dialects/index.ts'
import { reachOf } from '../../src/dialects/reach.ts'
import { Fleet } from '../../src/fleet/fleet.ts'
import type { Gateway } from '../../src/gateway.ts'
import { type DoorOptions, startDoor } from '../../src/http/server.ts'
import { Callers } from '../../src/keys/callers.ts'
import { MemoryLedger } from '../../src/ledger/memory.ts'

/** A door on a gateway that does what a test says, and what has come through it. */
export interface OpenDoor {
  readonly port: number
  readonly url: string
  readonly gateway: Gateway
  /** What reached the gateway, in order. */
  readonly asks: readonly Ask[]
  readonly events: readonly Event[]
  /** Closed at the end of the test in any case. */
  close(deadlineMs?: number): Promise<void>
}

export interface DoorSetting extends Partial<DoorOptions> {
  readonly serve?: Serve
  readonly keys?: Readonly<Record<string, string>>
  /** The models that callers may use; all by default. */
  readonly models?: readonly string[]
  readonly upstreams?: readonly UpstreamSettings[]
  readonly ready?: () => boolean
  readonly heartbeatMs?: number
  readonly bounds?: Partial<Bounds>
  /** Where every ask stands in the queue. */
  readonly position?: Position
  readonly world?: World
}

const realTime: World = {
  now: () => performance.now(),
  epochMs: () => Date.now(),
  random: Math.random,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
  send: () => Promise.reject(new Error('Nothing is sent here.')),
}

export async function openDoor(t: TestContext, setting: DoorSetting = {}): Promise<OpenDoor> {
  const { serve = greet, keys = {}, models, upstreams = [], ready = () => true, ...rest } = setting
  const { position, heartbeatMs, bounds, world = realTime, ...options } = rest
  const asks: Ask[] = []
  const events: Event[] = []
  const emit = (event: Event): void => void events.push(event)
  const callers = Object.entries(keys).map(([id, key]): CallerSettings => {
    const caller: Caller = { id, weight: 1, priority: 'default', models: models && new Set(models), cloud: 'allowed' }
    return { caller, key, patienceMs: undefined }
  })
  const known = new Callers({ callers }, { clock: world })
  const fleet = new Fleet({ upstreams, world, emit, probeEveryMs: 1_000_000, canOf: reachOf })
  await fleet.start()
  const settings: Settings = {
    upstreams,
    queue: { max: 10, patienceMs: 8_000 },
    callers,
    timeouts: { connectMs: 1_000, firstTokenMs: 60_000, gapMs: 60_000, heartbeatMs },
    bounds: { ...usualBounds, ...bounds },
    attemptsMax: 3,
    probeEveryMs: 1_000_000,
  }
  const ledger = new MemoryLedger()
  const treasury = new Treasury({
    ledger,
    world,
    emit,
    settings: () => settings,
    shopsOf: () => [],
    cut: (ask) => ask,
  })
  const guardrails = new Guardrails({
    world,
    emit,
    notes: new MemoryNotes(),
    ledger,
    treasury,
    alerts: () => undefined,
    homesOf: () => [],
    lookEveryMs: 1_000,
  })
  const gateway: Gateway = {
    treasury,
    ledger,
    guardrails,
    serve: (ask) => {
      asks.push(ask)
      return serve(ask)
    },
    settings,
    world,
    reload: () => Promise.resolve(),
    countTokens: () => Promise.resolve(1),
    fleet,
    dialects,
    callers: known,
    identify: (credential, address) => known.identify(credential, address),
    ask: ({ dialect, body, raw, caller, signal, id = 'none', patienceMs = 8_000, priority, cloud, ...input }) => ({
      ...dialect.glance(body),
      id,
      caller,
      dialect: dialect.id,
      body,
      headers: input.headers ?? [],
      raw,
      priority: priority ?? caller.priority,
      cloud: cloud ?? caller.cloud,
      patienceMs,
      deadlineMs: input.deadlineMs,
      arrivedAt: world.now(),
      signal,
    }),
    explain: () => Promise.reject(new Error('Nothing is explained here.')),
    asks: () => [],
    position: () => position,
    waiting: 0,
    emit,
    subscribe: () => () => {},
    start: () => Promise.resolve(),
    get ready() {
      return ready()
    },
    drain: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  }
  const door = await startDoor(gateway, { host: '127.0.0.1', port: 0, ...options })
  t.after(async () => {
    fleet.stop()
    await door.close(0)
  })
  const { port } = door.address
  return { port, url: `http://127.0.0.1:${port}`, gateway, asks, events, close: (deadlineMs) => door.close(deadlineMs) }
}

/** Answers everything with the id it was asked under. */
const greet: Serve = async ({ id, stream }) => replyOf([`{"said":"${id}"}\n\n`], { stream })

interface ReplyOptions {
  readonly stream?: boolean
  readonly upstream?: string
  readonly decision?: string
}

export function replyOf(
  chunks: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  { stream = true, upstream = 'box', decision = 'direct' }: ReplyOptions = {},
): Reply {
  return {
    stream,
    upstream,
    decision,
    body: bytesOf(chunks),
    outcome: Promise.resolve({
      usage: noUsage,
      upstream,
      tier: 0,
      attempts: 1,
      waitMs: 0,
      firstTokenMs: 1,
      totalMs: 1,
      fault: undefined,
    }),
  }
}

async function* bytesOf(
  chunks: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

export const chat = (over: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ model: 'm', stream: false, messages: [{ role: 'user', content: 'hi' }], ...over })

/** Resolves when the condition holds, looking at every turn of the loop; fails the test when it never does. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 5_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${what}`)
    await new Promise((resolve) => void setImmediate(resolve))
  }
}

/** A kind of server that answers this when it is looked at. */
export const backendWith = (probe: Backend['probe']): Backend => ({
  kind: 'fake',
  title: 'a fake',
  speaks: { 'openai-chat': '/v1/chat/completions' },
  usualPort: undefined,
  tier: 0,
  initialConcurrency: 1,
  authorize: () => [],
  probe,
})
