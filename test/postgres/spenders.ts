import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bill } from '../../src/sim/bills.ts'
import { cloudLike } from '../../src/sim/server-spec.ts'
import { SimServer } from '../../src/sim/server.ts'
import { listen, realClock } from '../../src/sim/sockets.ts'
import type { Served } from '../cli/rig.ts'
import type { PostgresServer } from './server.ts'

const model = 'gpt-5-mini'
const price = { input: 1, output: 5 }
export const budgetNano = 3_000_000
const outputTokensMax = 60
/** Of one answer, at most. */
export const mostNano = outputTokensMax * price.output * 1_000

/** A cloud that keeps its own bills, and all that a gateway has to be told of it and of the ledger. */
export async function cloudFor(
  t: TestContext,
  url: string,
): Promise<{ readonly cloud: SimServer; readonly config: string }> {
  const cloud = new SimServer(cloudLike({ networkMs: 5, price }), realClock())
  cloud.bills = []
  const socket = await listen(cloud)
  t.after(() => socket.close())
  const config = `listen: 127.0.0.1:0
admin: { listen: "127.0.0.1:0" }
upstreams:
  - { name: cloud, kind: openai, url: "${socket.origin}", tier: 1, api_key: key, concurrency: 100 }
prices:
  ${model}: { input: ${price.input}, output: ${price.output} }
budget: { usd: ${budgetNano / 1e9}, per: day }
ledger: { url: "${url}" }
`
  return { cloud, config }
}

/** By the cloud's own count, in billionths of a dollar. */
export const billed = ({ bills = [] }: SimServer): number => bills.reduce((sum, bill) => sum + nanoOf(bill), 0)

/** A dollar for a million tokens is a thousand billionths for each. */
const nanoOf = ({ promptTokens, outputTokens }: Bill): number =>
  (promptTokens * price.input + outputTokens * price.output) * 1_000

/** Its status; 0 where no whole answer came. */
export async function ask({ url }: Pick<Served, 'url'>): Promise<number> {
  const messages = [{ role: 'user', content: 'Say 20 words.' }]
  try {
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model, messages, max_tokens: outputTokensMax }),
    })
    await answer.text()
    return answer.status
  } catch {
    return 0
  }
}

/** Asks for more, by the dozen, until nobody is let in any more. */
export async function askForTheRest(gateways: readonly Pick<Served, 'url'>[]): Promise<void> {
  const late = performance.now() + 30_000
  for (let statuses: readonly number[] = [0]; statuses.some((status) => status !== 429);) {
    assert.ok(performance.now() < late, statuses.join())
    statuses = await Promise.all(Array.from({ length: 12 }, (_, n) => ask(gateways[n % gateways.length]!)))
    // On a machine that is busy with other tests, its database may be too slow for a moment.
    if (statuses.includes(503)) await sleep(200)
  }
}

/** What the ledger says was spent and is set aside. */
export function standing(postgres: PostgresServer, url: string): readonly [spentNano: number, heldNano: number] {
  const query = "SELECT spent, held FROM accounts WHERE name = 'gateway/day'"
  const [spent, held] = postgres.psql(query, url).split('|').map(Number)
  return [spent!, held!]
}
