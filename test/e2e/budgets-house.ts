import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigInput } from '../../src/config/schema.ts'
import type { Event } from '../../src/core/event.ts'
import type { Bill } from '../../src/sim/bills.ts'
import { listen } from '../../src/sim/sockets.ts'
import { type Ends, open, type Scene, until } from './rig.ts'
import { Witness } from './witness.ts'

/** Clouds that count for themselves what they would charge, each in its own dialect, and a box at home. */
export const priceOf = { gpt: { input: 1, output: 10 }, claude: { input: 3, output: 15 } }

export type Sold = keyof typeof priceOf

/** Served at home, and by one of the clouds. */
export const shared = 'llama3.1:8b'

/** What the report says of one caller. */
export interface Row {
  readonly requests: number
  readonly failed: number
  readonly spilled: number
  readonly estimated: number
  readonly input_tokens: number
  readonly output_tokens: number
  readonly usd_nano: number
}

export interface MoneyHouse extends Scene {
  readonly home: Witness
  readonly clouds: Readonly<Record<Sold, Witness>>
  readonly events: readonly Event[]
  /** What was charged for a question by whoever answered it. */
  readonly billFor: (question: string) => Bill
  /** What one of the clouds would charge for all it was asked. */
  readonly billsOf: (model: Sold) => number
  /** What is in the books of a caller, once so many of its requests are. */
  readonly rowOf: (caller: string, requests: number) => Promise<Row>
}

/** What a server would charge, by its own count: dollars for a million tokens, as whole billionths of a dollar. */
export function charged(
  model: Sold,
  { promptTokens, outputTokens }: Pick<Bill, 'promptTokens' | 'outputTokens'>,
): number {
  const { input, output } = priceOf[model]
  return (promptTokens * input + outputTokens * output) * 1_000
}

const contextTokens = 100_000

/** As `spillway serve` opens it, with a ledger on the disk. */
export async function moneyHouse(
  t: Ends,
  config: Partial<ConfigInput>,
  upstream: { readonly home?: object } = {},
): Promise<MoneyHouse> {
  const dataDir = mkdtempSync(join(tmpdir(), 'spillway-money-'))
  const home = new Witness('vllm', { models: [{ name: shared, contextTokens }] })
  const clouds = {
    gpt: new Witness('openai', {
      models: ['gpt', 'unheard-of'].map((name) => ({ name, contextTokens })),
      engine: { slots: 1_000 },
    }),
    claude: new Witness('anthropic', { models: [{ name: 'claude', contextTokens }], engine: { slots: 1_000 } }),
  }
  const servers = [home, clouds.gpt, clouds.claude]
  for (const server of servers) server.bills = []
  const sockets = await Promise.all(servers.map((server) => listen(server)))
  const [atHome, atOpenAi, atAnthropic] = sockets.map(({ origin }) => origin) as [string, string, string]
  const whole: ConfigInput = {
    upstreams: [
      { name: 'home', kind: 'vllm', url: atHome, concurrency: 16, ...upstream.home },
      {
        name: 'openai',
        kind: 'openai',
        url: atOpenAi,
        api_key: 'none',
        models: { serve: { gpt: 'gpt', 'unheard-of': 'unheard-of', [shared]: 'gpt' } },
      },
      {
        name: 'anthropic',
        kind: 'anthropic',
        url: atAnthropic,
        api_key: 'none',
        models: { serve: { claude: 'claude' } },
      },
    ],
    prices: priceOf,
    ...config,
  }
  const events: Event[] = []
  const { url, adminUrl, gateway } = await open(t, whole, (event) => void events.push(event), dataDir)
  t.after(async () => {
    await Promise.all(sockets.map((socket) => socket.close()))
    rmSync(dataDir, { recursive: true, force: true })
  })
  const bills = (): readonly Bill[] => servers.flatMap((server) => server.bills!)
  return {
    url,
    adminUrl,
    gateway,
    home,
    clouds,
    events,
    billFor(question) {
      const [bill, ...others] = bills().filter(({ prompt }) => prompt.includes(question))
      if (bill === undefined || others.length > 0) throw new Error(`It was asked ${others.length + 1} times, or never.`)
      return bill
    },
    billsOf: (model) => clouds[model].bills!.reduce((sum, bill) => sum + charged(model, bill), 0),
    async rowOf(caller, requests) {
      let row: Row | undefined
      const isThere = async (): Promise<boolean> => {
        const answer = await fetch(`${adminUrl}/api/report?by=caller&caller=${caller}`)
        ;[row] = ((await answer.json()) as { rows: Row[] }).rows
        return (row?.requests ?? 0) >= requests
      }
      await until(isThere, 5_000, `${requests} requests of ${caller} are in the books`)
      return row!
    },
  }
}

/** Callers with budgets, one for each test: what one spends is no other's matter. */
export class Wallets {
  readonly callers: NonNullable<ConfigInput['callers']>[number][] = []

  /** The name of a new one, which is its key too. */
  of(usd: number, more: object = {}): string {
    const name = `caller-${this.callers.length + 1}`
    this.callers.push({ name, key: `key-of-${name}`, budget: { usd, per: 'month' }, ...more })
    return name
  }
}

export const keyOf = (caller: string): string => `key-of-${caller}`
