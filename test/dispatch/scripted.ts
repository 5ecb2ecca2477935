import type { Caller } from '../../src/core/ask.ts'
import type { Event } from '../../src/core/event.ts'
import type { Ledger } from '../../src/core/ledger.ts'
import type { Outcome, Reply } from '../../src/core/reply.ts'
import type { Layer } from '../../src/core/serve.ts'
import type { Settings, UpstreamSettings } from '../../src/core/settings.ts'
import { type Inbound, NetFault, type NetFaultKind, type Outbound, type World } from '../../src/core/world.ts'
import { backendOf } from '../../src/backends/index.ts'
import { dialectById } from '../../src/dialects/index.ts'
import { type AskInput, createGateway, type Gateway } from '../../src/gateway.ts'

/** What a scripted server does with a chat request. */
export type Act = (out: Outbound) => Inbound | Promise<Inbound>

export interface ScriptedServer {
  readonly kind: 'ollama' | 'openai-compatible' | 'llamacpp' | 'openai' | 'anthropic'
  readonly act: Act
  readonly tier?: number
  readonly concurrency?: number
  readonly serve?: ReadonlyMap<string, string>
  readonly contextTokens?: number
}

export interface Rig {
  readonly gateway: Gateway
  readonly events: Event[]
  /** Chat requests each server got. */
  readonly heard: ReadonlyMap<string, Outbound[]>
  ask(body: Record<string, unknown>, options?: AskOptions): Promise<Reply>
}

interface AskOptions extends Partial<Pick<AskInput, 'caller' | 'id' | 'patienceMs' | 'clamp'>> {
  readonly dialect?: string
  readonly signal?: AbortSignal
  readonly raw?: boolean
}

const anyone: Caller = { id: 'anyone', weight: 1, priority: 'default', models: undefined, cloud: 'allowed' }

type Clock = Pick<World, 'now' | 'sleep'> & Partial<Pick<World, 'epochMs' | 'random'>>

const realClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(done, ms)
      function done(): void {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      signal?.addEventListener('abort', done)
    }),
}

/** The production gateway on servers that do what a test says, in real time if no clock is given, and without a network. */
export function rig(
  servers: Readonly<Record<string, ScriptedServer>>,
  over: Partial<Settings> = {},
  clock: Clock = realClock,
  layers: readonly Layer[] = [],
  ledger?: Ledger,
): Rig {
  const heard = new Map<string, Outbound[]>(Object.keys(servers).map((name) => [name, []]))
  const world: World = {
    now: () => clock.now(),
    epochMs: () => clock.epochMs?.() ?? Date.now(),
    random: () => clock.random?.() ?? Math.random(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    send: async (out) => {
      const name = new URL(out.origin).hostname
      heard.get(name)!.push(out)
      return servers[name]!.act(out)
    },
  }
  const upstreams = Object.entries(servers).map(
    ([name, { kind, tier = 0, concurrency = 4, serve = new Map([['m', 'm']]), contextTokens }]): UpstreamSettings => ({
      name,
      backend: backendOf(kind)!,
      origin: `http://${name}`,
      basePath: '',
      apiKey: undefined,
      tier,
      concurrency,
      serve,
      context: new Map(contextTokens === undefined ? [] : [['m', contextTokens]]),
    }),
  )
  const gateway = createGateway(
    {
      upstreams,
      queue: { max: 10, patienceMs: 5_000 },
      callers: [],
      timeouts: { connectMs: 1_000, firstTokenMs: 60_000, gapMs: 60_000 },
      attemptsMax: 3,
      probeEveryMs: 10_000,
      ...over,
    },
    { world, layers, ledger },
  )
  const events: Event[] = []
  gateway.subscribe((event) => events.push(event))
  return {
    gateway,
    events,
    heard,
    ask: (body, { dialect = 'openai-chat', signal = new AbortController().signal, raw = true, ...more } = {}) =>
      gateway.serve(
        gateway.ask({
          dialect: dialectById(dialect)!,
          body,
          ...(raw && { raw: Buffer.from(JSON.stringify(body)) }),
          caller: anyone,
          signal,
          ...more,
        }),
      ),
  }
}

interface AnswerOptions {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly end?: 'clean' | NetFaultKind
}

/** An answer whose body comes as these chunks, then ends, breaks or stands still. */
export function answer(
  chunks: readonly (string | Uint8Array)[],
  { status = 200, headers = {}, end = 'clean' }: AnswerOptions = {},
): Inbound {
  return {
    status,
    headers: { 'content-type': 'text/event-stream', ...headers },
    body: (async function* () {
      for (const chunk of chunks) {
        yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
        await Promise.resolve()
      }
      if (end !== 'clean') throw new NetFault(end, end)
    })(),
  }
}

/** Sends its chunks, then nothing more until it is hung up on. */
export function silentAfter(chunks: readonly string[], out: Outbound, onHangUp?: () => void): Inbound {
  const gone = new Promise<never>((_, reject) => {
    out.signal!.addEventListener('abort', () => {
      onHangUp?.()
      reject(new NetFault('aborted', 'aborted'))
    })
  })
  gone.catch(() => {})
  return {
    status: 200,
    headers: {},
    body: (async function* () {
      for (const chunk of chunks) yield Buffer.from(chunk)
      await gone
    })(),
  }
}

export const frame = (delta: Record<string, unknown>, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`

export const usageFrame = (prompt: number, output: number): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: { prompt_tokens: prompt, completion_tokens: output, total_tokens: prompt + output } })}\n\n`

export const done = 'data: [DONE]\n\n'

export const wholeStream: readonly string[] = [
  frame({ role: 'assistant', content: '' }),
  frame({ content: 'Hel' }),
  frame({ content: 'lo' }),
  frame({}, 'stop'),
  usageFrame(7, 2),
  done,
]

export async function readAll(reply: Reply): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of reply.body) chunks.push(chunk)
  return chunks
}

export const textOf = (chunks: readonly Uint8Array[]): string => Buffer.concat(chunks).toString('utf8')

/** The outcome, and that everything taken was given back. */
export async function settled(reply: Reply, { gateway }: Rig): Promise<Outcome> {
  const outcome = await reply.outcome
  await new Promise((resolve) => void setImmediate(resolve))
  for (const upstream of gateway.fleet.upstreams) {
    if (upstream.inFlight !== 0) throw new Error(`${upstream.settings.name} still has ${upstream.inFlight} in flight`)
  }
  return outcome
}
