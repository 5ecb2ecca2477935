import type { Budget, Span } from '../../src/core/budget.ts'
import type { Entry, Ledger, Standing, Try } from '../../src/core/ledger.ts'
import { nanoPerDollar, type Price, picoPerMillion } from '../../src/core/money.ts'
import type { MoneySettings } from '../../src/core/settings.ts'
import type { World } from '../../src/core/world.ts'
import { MemoryLedger } from '../../src/ledger/memory.ts'
import type { Visit } from '../../src/sim/caller.ts'
import type { Faults } from '../../src/sim/faults.ts'
import { machine, type Machine } from '../../src/sim/fleet.ts'
import type { Report } from '../../src/sim/report.ts'
import type { SimServer } from '../../src/sim/server.ts'
import { simulate } from '../../src/sim/run.ts'
import { anthropicLike, cloudLike, llamacppLike, ollamaLike, vllmLike } from '../../src/sim/server-spec.ts'
import { falseOf } from './books.ts'
import { poisson, type TalkingDialect, usualModel, usualWorkload, type Workload } from '../../src/sim/workload.ts'

/** Of a hundred requests one breaks, one hangs, one is answered with half of something, and ten are turned away at first. */
const faults: Faults = { reset: 0.005, breaks: 0.0002, silent: 0.01, garbled: 0.01, error503: 0.1 }

const models = [{ name: usualModel, contextTokens: 32_768 }]
const serve = (theirs: string): Partial<Machine> => ({ serve: { [usualModel]: theirs } })

const clouds: readonly Machine[] = [
  machine(cloudLike({ name: 'sky', key: 'sk-sim', faults }), serve('gpt-5-mini')),
  machine(anthropicLike({ name: 'moon', key: 'sk-sim', faults }), serve('claude-haiku-4-5')),
]

/** Home is small, so that some of what comes goes out. */
const both: readonly Machine[] = [
  machine(ollamaLike({ name: 'desk', models, faults, torn: 0.1 }), { concurrency: 2 }),
  machine(llamacppLike({ name: 'rack', models, faults, torn: 0.1 }), { concurrency: 2 }),
  machine(vllmLike({ name: 'gpu', models, faults, torn: 0.1 }), { concurrency: 2 }),
  ...clouds,
]

const dialects: readonly TalkingDialect[] = ['openai-chat', 'anthropic-messages', 'ollama-chat', 'openai-responses']

const workload: Workload = {
  ...usualWorkload,
  hangUps: 0.05,
  promptTokens: { mean: 200, sigma: 0.8, most: 3_000 },
  outputTokens: { mean: 100, sigma: 0.7, most: 800 },
  dialects: dialects.map((of) => ({ share: 1, of })),
}

const perMillion = (dollars: number): number => Math.round(dollars * picoPerMillion)

/** As each server charges. */
const prices: ReadonlyMap<string, Price> = new Map(
  clouds.flatMap(({ server: { price, models: theirs } }) =>
    price.output === 0
      ? []
      : theirs.map(({ name }) => [
          name,
          { input: perMillion(price.input), output: perMillion(price.output), source: 'sim' },
        ]),
  ),
)

const moneyOf = (budgets: readonly Budget[]): MoneySettings => ({
  budgets,
  timeZone: 'UTC',
  prices,
  cloudOpen: true,
  requestMostNano: undefined,
  outputTokensMost: 4_096,
  alerts: { webhook: undefined, spillShare: 0.1 },
})

interface Means {
  readonly fleet: readonly Machine[]
  readonly perSecond: number
  readonly budgets: readonly Budget[]
}

const dollars = (usd: number, per: Span): Budget => ({ per, nano: Math.round(usd * nanoPerDollar), alertAt: [] })

const means: Readonly<Record<string, Means>> = {
  'more money than is needed': { fleet: both, perSecond: 4, budgets: [dollars(10, 'day')] },
  'so few come that a second server may be asked': { fleet: both, perSecond: 1.2, budgets: [dollars(10, 'day')] },
  'a budget that is soon spent, and home after that': { fleet: both, perSecond: 5, budgets: [dollars(0.03, 'day')] },
  'nothing at home': { fleet: clouds, perSecond: 3, budgets: [dollars(10, 'hour'), dollars(50, 'month')] },
  'nothing at home, and hardly any money': { fleet: clouds, perSecond: 10, budgets: [dollars(0.02, 'day')] },
}

export const meansNames: readonly string[] = Object.keys(means)

export const meansOf = (seed: number): string => meansNames[seed % meansNames.length]!

export interface Spent {
  readonly report: Report
  readonly entries: readonly Entry[]
  readonly tries: readonly Try[]
  /** What was set aside or spent of a budget, at the most there ever was; and what all of it came to. */
  readonly mostNano: number
  readonly spentNano: number
  readonly hedged: number
  readonly resumed: number
  readonly denied: number
  /** Tokens of all entries, and of those that nobody counted. */
  readonly tokens: number
  readonly estimatedTokens: number
}

/** Watches a ledger: no account may ever hold more than its limit. */
class Watched extends MemoryLedger {
  mostNano = 0
  readonly #limits = new Map<string, number>()
  wrong: string | undefined

  override async hold(claim: Parameters<Ledger['hold']>[0]): ReturnType<Ledger['hold']> {
    const answer = await super.hold(claim)
    for (const { name, limitNano } of claim.accounts) this.#limits.set(name, limitNano)
    this.#check(answer.standings)
    return answer
  }

  override close(entry: Entry): Promise<void> | undefined {
    const closing = super.close(entry)
    for (const { claim } of entry.tries) void this.standings(claim.accounts).then((standings) => this.#check(standings))
    return closing
  }

  #check(standings: readonly Standing[]): void {
    for (const standing of standings) this.#checkOne(standing, this.#limits.get(standing.name) ?? Infinity)
  }

  #checkOne({ name, spentNano, heldNano }: Standing, limitNano: number): void {
    this.mostNano = Math.max(this.mostNano, spentNano + heldNano)
    if (spentNano + heldNano > limitNano) this.wrong ??= `${name}: ${spentNano} + ${heldNano} > ${limitNano}`
  }
}

/**
 * Callers who are served at home and in the cloud while everything goes wrong now and then, and what it cost. Throws where
 * the books are not as the servers say.
 */
export async function spending(seed: number, requests: number): Promise<Spent> {
  const { fleet, perSecond, budgets } = means[meansOf(seed)]!
  let clock: Pick<World, 'sleep'> | undefined
  const ledger = new Watched({ keep: Infinity, world: { sleep: (ms) => clock!.sleep(ms) } })
  // Often it takes a while to set money aside, and callers leave and servers speak meanwhile.
  ledger.holdMs = [0, 20, 150][seed % 3]!
  const visits: Visit[] = []
  const counts = { hedged: 0, resumed: 0, denied: 0 }
  const tried = new Set<string>()
  let all: readonly SimServer[] = []
  const report = await simulate({
    seed,
    requests,
    fleet,
    workload: { ...workload, arrivals: poisson(perSecond) },
    ledger,
    onVisit: (visit) => void visits.push(visit),
    settings: {
      money: moneyOf(budgets),
      models: new Map([['llama*', { resume: true }]]),
      timeouts: { connectMs: 1_000, firstTokenMs: 8_000, gapMs: 3_000, totalMs: 60_000 },
      hedge: { share: 0.02, cloud: true },
      queue: { max: 200, patienceMs: 4_000 },
    },
    script: ({ gateway, servers, world }) => {
      all = servers
      clock = world
      for (const server of servers) server.bills = []
      gateway.subscribe((event) => {
        if (event.type === 'ask-hedged') counts.hedged += 1
        if (event.type === 'resumed' && event.outcome === 'carried-on') counts.resumed += 1
        if (event.type === 'ask-settled' && event.outcome.fault?.kind === 'over-budget') counts.denied += 1
        if (event.type === 'ask-settled' && event.outcome.attempts > 0) tried.add(event.ask.id)
      })
      return Promise.resolve()
    },
  })
  const { entries } = ledger
  const bills = all.flatMap(({ spec, bills: own = [] }) => own.map((bill) => ({ upstream: spec.name, bill })))
  const tries = entries.flatMap((entry) => entry.tries)
  if (ledger.wrong !== undefined) throw new Error(`Seed ${seed}: no account is overdrawn (${ledger.wrong})`)
  if (ledger.open.length > 0)
    throw new Error(
      `Seed ${seed}: what is set aside comes back (${ledger.open.map(({ id, upstream }) => `${id} at ${upstream}`).join()})`,
    )
  const wrong = falseOf({ entries, visits, bills, tried, prices })
  if (wrong !== undefined) throw new Error(`Seed ${seed}: it is false that ${wrong}.`)
  const tokensIn = (those: readonly { inputTokens: number; outputTokens: number }[]): number =>
    those.reduce((sum, { inputTokens, outputTokens }) => sum + inputTokens + outputTokens, 0)
  return {
    report,
    entries,
    tries,
    ...counts,
    mostNano: ledger.mostNano,
    spentNano: tries.reduce((sum, { nano }) => sum + nano, 0),
    tokens: tokensIn(entries),
    estimatedTokens: tokensIn(entries.filter(({ estimated }) => estimated)),
  }
}
