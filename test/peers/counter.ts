import assert from 'node:assert/strict'
import { backendOf } from '../../src/backends/index.ts'
import type { Ask } from '../../src/core/ask.ts'
import type { Entry } from '../../src/core/ledger.ts'
import type { MoneySettings, Settings, UpstreamSettings } from '../../src/core/settings.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'
import { MemoryLedger } from '../../src/ledger/memory.ts'
import type { Bill } from '../../src/sim/bills.ts'
import { askFor } from '../../src/sim/caller.ts'
import { SimServer } from '../../src/sim/server.ts'
import { likes, type ServerKind, type ServerOptions } from '../../src/sim/server-spec.ts'
import { type Errand, type TalkingDialect, usualModel } from '../../src/sim/workload.ts'
import { SimWorld } from '../../src/sim/world.ts'

/** A million tokens read cost a dollar, and written ten. */
export const money: MoneySettings = {
  budgets: [],
  timeZone: 'UTC',
  prices: new Map([[usualModel, { input: 1_000_000, output: 10_000_000, source: 'test' }]]),
  cloudOpen: true,
  requestMostNano: undefined,
  outputTokensMost: 4_096,
  alerts: { webhook: undefined, spillShare: 0.1 },
}

export interface Seller {
  readonly kind: ServerKind
  /** 1 unless it is said: it costs money. */
  readonly tier?: number
  readonly options?: ServerOptions
}

export interface Counter {
  readonly world: SimWorld
  readonly gateway: Gateway
  readonly ledger: MemoryLedger
  readonly servers: Readonly<Record<string, SimServer>>
  readonly bills: (name: string) => readonly Bill[]
  ask(errand: Errand, signal?: AbortSignal): Ask
}

/** The production gateway before simulated servers that know what they would charge. */
export async function counter(
  sellers: Readonly<Record<string, Seller>>,
  over: Partial<Settings> = {},
): Promise<Counter> {
  const world = new SimWorld(1)
  const ledger = new MemoryLedger()
  const servers: Record<string, SimServer> = {}
  const upstreams = Object.entries(sellers).map(([name, { kind, tier = 1, options }]): UpstreamSettings => {
    const models = [{ name: usualModel, contextTokens: 32_768 }]
    const server = new SimServer(likes[kind]({ models, networkMs: 0, ...options, name }), world)
    server.bills = []
    servers[name] = server
    world.attach(`http://${name}`, server)
    return {
      name,
      backend: backendOf(kind)!,
      origin: `http://${name}`,
      basePath: '',
      apiKey: undefined,
      tier,
      concurrency: 8,
      serve: new Map([[usualModel, usualModel]]),
      context: new Map(),
    }
  })
  const gateway = createGateway(
    {
      upstreams,
      queue: { max: 100, patienceMs: 10_000 },
      callers: [],
      timeouts: { connectMs: 1_000, firstTokenMs: 5_000, gapMs: 5_000 },
      attemptsMax: 3,
      probeEveryMs: 60_000,
      money,
      ...over,
    },
    { world, ledger },
  )
  await world.run(gateway.start())
  return {
    world,
    gateway,
    ledger,
    servers,
    bills: (name) => servers[name]!.bills ?? [],
    ask: (errand, signal = new AbortController().signal) => askFor(errand, gateway, signal),
  }
}

export const anyone: Errand['caller'] = {
  name: 'anyone',
  weight: 1,
  priority: 'default',
  cloud: 'allowed',
  patienceMs: undefined,
}

/** Somebody wants so many words, and does not say how many tokens he would like to hear of. */
export const errandOf = (
  dialect: TalkingDialect,
  number: number,
  words: number,
  more: Partial<Errand> = {},
): Errand => ({
  number,
  atMs: 0,
  caller: anyone,
  model: usualModel,
  dialect,
  stream: true,
  wantsUsage: false,
  preamble: 'Be brief. '.repeat(40),
  question: `Question ${number}: say ${words} words.`,
  wants: 'words',
  words,
  wordsMax: undefined,
  hangsUpAfterMs: undefined,
  leavesBy: 'abort',
  ...more,
})

/** Reads so many chunks, and leaves in one of the ways one can. Tells how many words came. */
export async function listen(
  on: Counter,
  errand: Errand,
  { chunks = Infinity, leavesBy = 'abort' }: { chunks?: number; leavesBy?: 'abort' | 'return' } = {},
): Promise<number> {
  const gone = new AbortController()
  let text = ''
  try {
    const reply = await on.gateway.serve(on.ask(errand, gone.signal))
    let left = chunks
    for await (const bytes of reply.body) {
      text += Buffer.from(bytes).toString()
      if ((left -= 1) > 0) continue
      if (leavesBy === 'return') break
      gone.abort()
    }
    await reply.outcome
  } catch {
    // It was left.
  }
  return text.match(/[.ü🦊]\d+ /gu)?.length ?? 0
}

export function entryOf({ ledger }: Counter, number: number): Entry {
  const found = ledger.entries.filter(({ id }) => id === `errand-${number}`)
  assert.equal(found.length, 1, 'it is taken down once')
  return found[0]!
}
