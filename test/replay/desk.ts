import type { TestContext } from 'node:test'
import { backendOf } from '../../src/backends/index.ts'
import type { CallerSettings, UpstreamSettings } from '../../src/core/settings.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'
import { startDoor } from '../../src/http/server.ts'
import { realWorld } from '../../src/http/world.ts'
import type { Fixture } from '../conformance/fixtures.ts'
import { Client } from './client.ts'
import { listeners } from './listeners/index.ts'
import { type Request, startReplay } from './server.ts'

export interface Served {
  /** The kind of the server behind the gateway. */
  readonly kind: string
  /** What it says to a request for words or vectors. */
  readonly says: Fixture | (() => Promise<Fixture>)
  /** What it says to everything else; nothing is asked unless it says something. */
  readonly known?: ((request: Request) => Fixture) | undefined
  readonly upstream?: Partial<UpstreamSettings>
  readonly callers?: readonly CallerSettings[]
}

export interface Desk {
  readonly client: Client
  readonly gateway: Gateway
  /** What the server was asked, without probes. */
  readonly heard: readonly (Request & { readonly json: Readonly<Record<string, unknown>> })[]
}

/** The gateway between real sockets, in front of one server that says what a test wants it to. */
export async function desk(t: TestContext, { kind, says, known, upstream, callers = [] }: Served): Promise<Desk> {
  const heard: Desk['heard'][number][] = []
  const replay = await startReplay((_, request) => {
    if (known !== undefined && request.method !== 'POST') return known(request)
    heard.push({ ...request, json: JSON.parse(request.body) as Desk['heard'][number]['json'] })
    return typeof says === 'function' ? says() : says
  })
  const { origin, pathname } = new URL(replay.url('server'))
  const world = realWorld()
  const settings: UpstreamSettings = {
    name: 'box',
    backend: backendOf(kind)!,
    origin,
    basePath: pathname,
    apiKey: undefined,
    tier: 0,
    concurrency: 4,
    serve: known === undefined ? new Map([['m', 'm']]) : undefined,
    context: new Map(),
    ...upstream,
  }
  const gateway = createGateway(
    {
      upstreams: [settings],
      queue: { max: 100, patienceMs: 20_000 },
      callers,
      timeouts: { connectMs: 5_000, firstTokenMs: 20_000, gapMs: 20_000 },
      attemptsMax: 1,
      probeEveryMs: 600_000,
    },
    { world },
  )
  if (known !== undefined) await gateway.start()
  const door = await startDoor(gateway, { host: '127.0.0.1', port: 0 })
  const client = new Client(`http://127.0.0.1:${door.address.port}`)
  t.after(async () => {
    client.close()
    await door.close(0)
    await gateway.stop()
    await world.close()
    await replay.close()
  })
  return { client, gateway, heard }
}

/** An answer that nobody recorded. */
export function said(chunks: readonly (string | object)[], { status = 200, stream = false } = {}): Fixture {
  const bytes = chunks.map((chunk) => Buffer.from(typeof chunk === 'string' ? chunk : JSON.stringify(chunk)))
  const body = Buffer.concat(bytes)
  return {
    name: 'said',
    server: 'llamacpp',
    method: 'POST',
    path: '',
    request: '',
    status,
    reason: 'So',
    headers: stream
      ? [
          ['Content-Type', 'text/event-stream'],
          ['Transfer-Encoding', 'chunked'],
        ]
      : [
          ['Content-Type', 'application/json'],
          ['Content-Length', String(body.length)],
        ],
    framing: stream ? 'chunked' : 'length',
    isStream: stream,
    chunks: bytes,
    timesMs: { head: 0, chunks: bytes.map((_, at) => at), end: bytes.length },
    body,
    end: 'clean',
  }
}

/** Events of a stream in OpenAI's dialect, up to the one that ends it. */
export const events = (...data: readonly object[]): Fixture =>
  said([...data.map((one) => `data: ${JSON.stringify(one)}\n\n`), 'data: [DONE]\n\n'], { stream: true })

/** A chunk of a chat in OpenAI's dialect. */
export const chunk = (delta: object, reason: string | null = null): object => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: reason }],
})

/** What stands at a path within JSON. */
export const inside = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce((at: unknown, key) => (at as Record<string | number, unknown> | undefined)?.[key], value)

/** The first piece of a call in such a chunk. */
export const piece = (index: number, id: string, name: string, args: string): object => ({
  index,
  id,
  type: 'function',
  function: { name, arguments: args },
})

/** Both tools, as a client of this dialect offers them. */
export const toolsOf = (id: string): unknown =>
  inside(listeners[id]!.ask({ model: 'm', stream: true, task: 'chat', tools: true }), 'tools')

/** A call without arguments, for which nothing at all is said. */
export const emptyCall: Fixture = said(
  [
    {
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        content: [],
        model: 'm',
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 5, output_tokens: 1 },
      },
    },
    {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'tool_use', id: 'toolu_1', name: 'now', input: {} },
    },
    { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 9 } },
    { type: 'message_stop' },
  ].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`),
  { stream: true },
)
