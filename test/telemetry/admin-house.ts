import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import type { TestContext } from 'node:test'
import type { Event } from '../../src/core/event.ts'
import type { Ledger } from '../../src/core/ledger.ts'
import { startAdmin, type AdminOptions } from '../../src/http/admin.ts'
import { MemoryLedger } from '../../src/ledger/memory.ts'
import { Feed } from '../../src/telemetry/feed.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { measured } from './asks.ts'

type AdminGateway = Parameters<typeof startAdmin>[0]

export interface House {
  readonly port: number
  readonly emit: (event: Event) => void
  readonly listeners: ReadonlySet<(event: Event) => void>
  readonly close: () => Promise<void>
  readonly get: (path: string, options?: Asking) => Promise<Answer>
}

export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly json: any
}

/** An admin port on a gateway that only tells: of one upstream, of two asks, and of the events it is given to tell. */
export async function openHouse(
  t: TestContext,
  { ledger = new MemoryLedger(), money = noMoney, ...options }: HouseOptions = {},
): Promise<House> {
  const listeners = new Set<(event: Event) => void>()
  const gateway = {
    ...measured,
    world: { now: () => 10_000, epochMs: () => 1_700_000_000_000 },
    fleet: { upstreams: [upstream] },
    ledger,
    asks: () => asks,
    settings: { callers: [], upstreams: [] },
    ...noMoney,
    ...money,
    subscribe(listener: (event: Event) => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const metrics = new Metrics(measured)
  const feed = new Feed(gateway)
  const admin = await startAdmin(gateway as unknown as AdminGateway, {
    host: '127.0.0.1',
    port: 0,
    metrics,
    feed,
    ...options,
  })
  t.after(() => admin.close())
  const { port } = admin.address
  const emit = (event: Event): void => {
    metrics.listen(event)
    feed.listen(event)
    for (const listener of listeners) listener(event)
  }
  return { port, emit, listeners, close: () => admin.close(), get: (path, asking) => send(port, path, asking) }
}

type Money = Partial<Pick<AdminGateway, 'treasury' | 'guardrails'>>

type HouseOptions = Partial<AdminOptions> & { readonly ledger?: Pick<Ledger, 'report'>; readonly money?: Money }

/** Nothing is bounded, and nothing was ever spent. */
const noMoney = {
  treasury: { isCloudOpen: true, standings: () => [] },
  guardrails: { cloud: { state: undefined, set: () => Promise.resolve() }, troubles: [] },
}

async function send(port: number, path: string, { method = 'GET', headers = {}, body }: Asking = {}): Promise<Answer> {
  const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false }).end(body)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  const isJson = response.headers['content-type']?.startsWith('application/json') === true
  return {
    status: response.statusCode!,
    headers: response.headers,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : undefined,
  }
}

const place = {
  inFlight: 2,
  loaded: true,
  limit: { value: 4, pinned: false, foreign: 1 },
  pace: { decodeMs: 20 },
  firstTokenMs: () => 123.4,
  state: () => 'unloadable',
  loadTrouble: { reason: 'out of memory', since: 6_000, restsUntil: 11_000 },
  restsUntil: 11_000,
  stalls: 3,
}

const upstream = {
  settings: {
    name: 'gpu-1',
    origin: 'http://10.0.0.5:11434',
    basePath: '/v',
    tier: 0,
    apiKey: 'canary-upstream-key',
    backend: { kind: 'ollama' },
  },
  up: true,
  lastError: undefined,
  version: '0.12.0',
  advice: [],
  inFlight: 2,
  isWarming: false,
  breaker: { state: () => 'closed' },
  exile: { holds: () => false },
  state: () => 'up',
  places: () => [['llama3.1:8b', place]],
  models: () => [
    { name: 'llama3.1:8b', id: 'llama3.1:8b-q4', contextTokens: 8_192, loaded: true, about: { digest: 'x' } },
  ],
}

const asks = (['queued', 'running'] as const).map((state) => ({
  id: `ask-${state}`,
  caller: 'chat-ui',
  model: 'llama3.1:8b',
  dialect: 'openai.chat',
  priority: 'default',
  stream: true,
  state,
  upstream: state === 'running' ? 'gpu-1' : undefined,
  ageMs: 1_234.5,
  promptTokens: 12,
}))
