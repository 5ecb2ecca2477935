/** One arm of `money.ts`: a gateway in a process of its own, which takes rounds from its parent. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backendOf } from '../src/backends/index.ts'
import type { Caller } from '../src/core/ask.ts'
import type { Ledger } from '../src/core/ledger.ts'
import type { MoneySettings } from '../src/core/settings.ts'
import type { Inbound, World } from '../src/core/world.ts'
import { dialectById } from '../src/dialects/index.ts'
import { createGateway, type Gateway } from '../src/gateway.ts'
import { openLedger } from '../src/ledger/open.ts'
import { percentile, sleep } from './overhead/load/request.ts'

export interface Round {
  readonly requests: number
  readonly atOnce: number
  readonly stream: boolean
  /** What it costs, or how long it keeps the loop: to look at the one changes the other. */
  readonly looksAt: 'cost' | 'turns'
}

/** In microseconds for each request, or of one turn of the loop. */
export interface Seen {
  readonly mainUs: number
  readonly allUs: number
  readonly latencyUs: number
  readonly turnCpuP99Us: number
  readonly turnCpuMaxUs: number
  readonly turnP99Us: number
}

/** In each streamed answer. */
const frames = 20

const perMonth = (usd: number) => ({ per: 'month', nano: usd * 1e9, alertAt: [] }) as const

const caller: Caller = {
  id: 'ann',
  weight: 1,
  priority: 'default',
  models: undefined,
  cloud: 'allowed',
  budgets: [perMonth(1_000_000)],
}

const money: MoneySettings = {
  budgets: [perMonth(2_000_000)],
  timeZone: 'UTC',
  prices: new Map([['m', { input: 1_000_000, output: 10_000_000, source: 'bench' }]]),
  cloudOpen: true,
  requestMostNano: undefined,
  outputTokensMost: 8_192,
  alerts: { webhook: undefined, spillShare: 0.1 },
}

/** Takes nothing down. */
const blank: Ledger = {
  trouble: undefined,
  hold: () => Promise.reject(new Error('Nothing is sold here.')),
  sent: () => {},
  heard: () => {},
  close: () => undefined,
  standings: () => Promise.resolve([]),
  report: () => Promise.resolve([]),
  used: () => Promise.resolve({ tokens: 0, gpuMs: 0 }),
}

function gatewayOf(world: World, isPaid: boolean, ledger: Ledger | undefined): Gateway {
  const backend = backendOf('openai-compatible')!
  const serve = new Map([['m', 'm']])
  const server = { backend, basePath: '', apiKey: undefined, concurrency: 1_000, serve, context: new Map() }
  return createGateway(
    {
      upstreams: [{ ...server, name: 'server', origin: 'http://server', tier: isPaid ? 1 : 0 }],
      queue: { max: 1_000, patienceMs: 30_000 },
      callers: [],
      timeouts: { connectMs: 1_000, firstTokenMs: 60_000, gapMs: 60_000 },
      attemptsMax: 3,
      probeEveryMs: 10_000,
      ...(ledger !== undefined && { money }),
    },
    { world, ledger: ledger ?? blank },
  )
}

const usage = { prompt_tokens: 21, completion_tokens: frames, total_tokens: 21 + frames }
const message = { role: 'assistant', content: 'All the water that the mill can use.' }
const whole = [
  Buffer.from(
    JSON.stringify({
      id: 'c',
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage,
    }),
  ),
]
const chunk = (choices: readonly object[], more: object = {}): Buffer =>
  Buffer.from(
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...more })}\n\n`,
  )
const streamed = [
  ...Array.from({ length: frames }, () => chunk([{ index: 0, delta: { content: ' water' }, finish_reason: null }])),
  chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
  chunk([], { usage }),
  Buffer.from('data: [DONE]\n\n'),
]

/** Answers that come at once keep the processor warm, as none do that come from far away. */
const cloudMs = 5

function worldOf(answerMs: number): World {
  return {
    now: () => performance.now(),
    epochMs: () => Date.now(),
    random: () => Math.random(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms)
        signal?.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve(undefined)
        })
      }),
    send: async ({ body }) => {
      if (answerMs > 0) await sleep(answerMs)
      const isStream = Buffer.from(body ?? []).includes('"stream":true')
      return {
        status: 200,
        headers: { 'content-type': isStream ? 'text/event-stream' : 'application/json' },
        body: bodyOf(isStream ? streamed : whole),
      } satisfies Inbound
    },
  }
}

function bodyOf(chunks: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  let at = 0
  const next = (): Promise<IteratorResult<Uint8Array>> => {
    const value = chunks[at]
    at += 1
    return Promise.resolve(value === undefined ? { done: true, value: undefined } : { done: false, value })
  }
  return { [Symbol.asyncIterator]: () => ({ next }) }
}

async function run(
  gateway: Gateway,
  { requests, atOnce, stream, looksAt }: Round,
  backlog: () => number,
): Promise<Seen> {
  const dialect = dialectById('openai-chat')!
  const body = { model: 'm', messages: [{ role: 'user', content: 'Tell me of the mill.' }], max_tokens: 500, stream }
  const raw = Buffer.from(JSON.stringify(body))
  const latencies: number[] = []
  let left = requests
  const ask = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const askedAt = performance.now()
      const reply = await gateway.serve(
        gateway.ask({ dialect, body, raw, caller, signal: new AbortController().signal }),
      )
      for await (const _ of reply.body);
      const { fault } = await reply.outcome
      if (fault !== undefined) throw fault
      latencies.push((performance.now() - askedAt) * 1_000)
      // As a socket would: one request does not run on into the next.
      await new Promise((resolve) => void setImmediate(resolve))
    }
  }
  const turns = looksAt === 'turns' ? new Turns() : undefined
  const from = { main: process.threadCpuUsage(), all: process.cpuUsage() }
  await Promise.all(Array.from({ length: atOnce }, ask))
  // Until all of it is in the books: that is to be paid for too.
  while (backlog() > 0) await sleep(20)
  const [main, all] = [process.threadCpuUsage(from.main), process.cpuUsage(from.all)]
  turns?.end()
  return {
    mainUs: (main.user + main.system) / requests,
    allUs: (all.user + all.system) / requests,
    latencyUs: percentile(latencies, 0.5),
    turnCpuP99Us: percentile(turns?.cpuUs ?? [], 0.99),
    turnCpuMaxUs: percentile(turns?.cpuUs ?? [], 1),
    turnP99Us: percentile(turns?.wallUs ?? [], 0.99),
  }
}

/** How long the loop is kept by each of its turns: by what it computed, and by the clock, in which others of the machine are too. */
class Turns {
  readonly cpuUs: number[] = []
  readonly wallUs: number[] = []
  #isOver = false

  constructor() {
    this.#turn(process.threadCpuUsage(), performance.now())
  }

  end(): void {
    this.#isOver = true
  }

  #turn(cpu: NodeJS.CpuUsage, at: number): void {
    if (this.#isOver) return
    setTimeout(() => {
      const used = process.threadCpuUsage(cpu)
      this.cpuUs.push(used.user + used.system)
      this.wallUs.push((performance.now() - at) * 1_000)
      this.#turn(process.threadCpuUsage(), performance.now())
    }, 0)
  }
}

const [isPaid, isKept] = process.argv.slice(2).map((word) => word === 'yes')
const dataDir = mkdtempSync(join(tmpdir(), 'spillway-bench-money-'))
const world = worldOf(isPaid === true ? cloudMs : 0)
const opened = isKept ? await openLedger({ dataDir, world, emit: () => {} }) : undefined
await opened?.ready
const gateway = gatewayOf(world, isPaid === true, opened?.ledger)
const backlog = (): number => opened?.backlog().waiting ?? 0
process.on('disconnect', () => {
  const end = async (): Promise<void> => {
    await opened?.close()
    rmSync(dataDir, { recursive: true, force: true })
    process.exit(0)
  }
  void end()
})
process.on('message', (round: Round) => void run(gateway, round, backlog).then((seen) => process.send!(seen)))
process.send!('ready')
