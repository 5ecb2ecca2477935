import type { Ask, Caller } from '../core/ask.ts'
import type { Budget } from '../core/budget.ts'
import type { Event } from '../core/event.ts'
import type { Ledger } from '../core/ledger.ts'
import { nanoPerDollar, type Price } from '../core/money.ts'
import type { Shop } from '../core/purse.ts'
import type { Outcome } from '../core/reply.ts'
import type { MoneySettings, Settings } from '../core/settings.ts'
import type { Usage } from '../core/usage.ts'
import type { World } from '../core/world.ts'
import { FakeWorld } from '../fleet/fake-world.test-helper.ts'
import { settingsOf } from '../fleet/settings.test-helper.ts'
import { MemoryLedger } from '../ledger/memory.ts'
import type { AskPurse } from './purse.ts'
import { Treasury } from './treasury.ts'

/** A dollar buys a million tokens read, or a hundred thousand written. */
export const dearPrice: Price = { input: 1_000_000, output: 10_000_000, source: 'test' }

export const cloud: Shop = { upstream: 'cloud', model: 'big' }

export const dollars = (amount: number, over: Partial<Budget> = {}): Budget => ({
  per: 'day',
  nano: Math.round(amount * nanoPerDollar),
  alertAt: [],
  ...over,
})

export const callerWith = (budgets: readonly Budget[], over: Partial<Caller> = {}): Caller => ({
  id: 'ann',
  weight: 1,
  priority: 'default',
  models: undefined,
  cloud: 'allowed',
  budgets,
  ...over,
})

/** How a try for money came out that went well. */
export const wentWell = (usage: Usage): Outcome => ({
  usage,
  upstream: 'cloud',
  tier: 1,
  attempts: 1,
  waitMs: 0,
  firstTokenMs: 1,
  totalMs: 1,
  fault: undefined,
})

export interface RigOptions extends Partial<MoneySettings> {
  readonly ledger?: Ledger
  /** Another than the one that a test moves. */
  readonly clock?: Pick<World, 'now' | 'epochMs' | 'sleep'>
  readonly upstreamBudgets?: readonly Budget[]
}

/** Several share a ledger, and no id comes twice. */
let asked = 0

/** A treasury on a clock that a test moves, over a ledger in memory. */
export class Rig {
  readonly world: FakeWorld = new FakeWorld()
  readonly events: Event[] = []
  readonly ledger: MemoryLedger = new MemoryLedger()
  readonly treasury: Treasury
  settings: Settings
  /** Added to the date: somebody sets the clock. */
  dateMs = 0

  constructor({ ledger, clock, upstreamBudgets, ...money }: RigOptions = {}) {
    const paid = settingsOf('cloud', { tier: 1, budgets: upstreamBudgets })
    this.settings = {
      upstreams: [settingsOf('box'), paid],
      queue: { max: 10, patienceMs: 1_000 },
      callers: [],
      timeouts: { connectMs: 1_000, firstTokenMs: 1_000, gapMs: 1_000 },
      attemptsMax: 3,
      probeEveryMs: 1_000,
      money: {
        budgets: [],
        timeZone: 'UTC',
        prices: new Map([['big', dearPrice]]),
        cloudOpen: true,
        requestMostNano: undefined,
        outputTokensMost: 8_192,
        alerts: { webhook: undefined, spillShare: 0.1 },
        ...money,
      },
    }
    const { world } = this
    this.treasury = new Treasury({
      ledger: ledger ?? this.ledger,
      world: {
        now: () => (clock ?? world).now(),
        epochMs: () => (clock ?? world).epochMs() + this.dateMs,
        sleep: (ms, signal) => (clock ?? world).sleep(ms, signal),
        random: () => world.random(),
        send: (out) => world.send(out),
      },
      emit: (event) => this.events.push(event),
      settings: () => this.settings,
      shopsOf: () => [cloud],
      cut: (ask, outputTokensMax) => ({ ...ask, outputTokensMax }),
    })
  }

  ask(caller: Caller, over: Partial<Ask> = {}): Ask & { readonly purse: AskPurse } {
    const id = `a${(asked += 1)}`
    return {
      id,
      caller,
      dialect: 'openai.chat',
      model: 'm',
      stream: false,
      promptTokens: 100,
      outputTokensMax: 1_000,
      needs: ['chat'],
      body: { model: 'm' },
      raw: undefined,
      headers: [],
      priority: 'default',
      cloud: 'allowed',
      patienceMs: 1_000,
      arrivedAt: this.world.now(),
      signal: new AbortController().signal,
      ...over,
      purse: this.treasury.purseOf(caller, id)!,
    }
  }
}
