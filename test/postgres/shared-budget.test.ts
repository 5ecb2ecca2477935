import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { nanoFor } from '../../src/sim/bills.ts'
import { cloudLike } from '../../src/sim/server-spec.ts'
import { SimServer } from '../../src/sim/server.ts'
import { listen, realClock } from '../../src/sim/sockets.ts'
import { verified } from './verified.ts'
import { spillway } from '../../src/cli/process.test-helper.ts'
import { type Served, serve } from '../cli/rig.ts'
import { sharedPostgres, skipWithoutPostgres } from './server.ts'

const postgres = sharedPostgres()

const model = 'gpt-5-mini'
const price = { input: 1, output: 5 }
const budgetNano = 3_000_000
const outputTokensMax = 60
/** Of one answer, at most. */
const mostNano = outputTokensMax * price.output * 1_000

/** A cloud that keeps its own bills, and all that a gateway has to be told of it and of the ledger. */
async function cloudFor(t: TestContext, url: string): Promise<{ readonly cloud: SimServer; readonly config: string }> {
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

const billed = ({ bills = [] }: SimServer): number => bills.reduce((sum, bill) => sum + nanoFor(bill, price), 0)

/** Its status; 0 where no whole answer came. */
async function ask({ url }: Pick<Served, 'url'>): Promise<number> {
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
async function askForTheRest(gateways: readonly Pick<Served, 'url'>[]): Promise<void> {
  const late = performance.now() + 30_000
  for (let statuses: readonly number[] = [0]; statuses.some((status) => status !== 429);) {
    assert.ok(performance.now() < late, statuses.join())
    statuses = await Promise.all(Array.from({ length: 12 }, (_, n) => ask(gateways[n % gateways.length]!)))
    // On a machine that is busy with other tests, its database may be too slow for a moment.
    if (statuses.includes(503)) await sleep(200)
  }
}

/** What the ledger says was spent and is set aside. */
function standing(url: string): readonly [spentNano: number, heldNano: number] {
  const query = "SELECT spent, held FROM accounts WHERE name = 'gateway/day'"
  const [spent, held] = postgres.psql(query, url).split('|').map(Number)
  return [spent!, held!]
}

test(
  'two gateways spend one budget together, all of it and never more, by the count of the cloud',
  skipWithoutPostgres,
  async (t) => {
    const url = postgres.fresh()
    const { cloud, config } = await cloudFor(t, url)
    const gateways = await Promise.all([serve(t, config), serve(t, config)])
    await Promise.all(Array.from({ length: 40 }, (_, n) => ask(gateways[n % 2]!)))
    await askForTheRest(gateways)
    const nano = billed(cloud)
    assert.ok(nano <= budgetNano, `${nano} of ${budgetNano}`)
    // Nothing is left of it that would have bought a good answer.
    assert.ok(nano > 0.9 * budgetNano, `${nano} of ${budgetNano}`)
    assert.deepEqual(standing(url), [nano, 0])
  },
)

test(
  'a gateway that is killed while it spends takes nothing from the budget but what its requests may have cost',
  skipWithoutPostgres,
  async (t) => {
    const url = postgres.fresh()
    const { cloud, config } = await cloudFor(t, url)
    const [one, other] = await Promise.all([serve(t, config), serve(t, config)])
    const asked = Array.from({ length: 40 }, async (_, n) => {
      await sleep(n * 10)
      return ask(n % 2 === 0 ? one : other)
    })
    await sleep(250)
    one.running.child.kill('SIGKILL')
    const statuses = await Promise.all(asked)
    assert.ok(statuses.includes(0), 'some were under way')
    const again = spillway(t, ['serve'], { cwd: one.cwd })
    const [, address] = await again.says(/Spillway listens on (http:\S+) /)
    await askForTheRest([{ url: address! }, other])

    const [spentNano, heldNano] = standing(url)
    assert.equal(heldNano, 0)
    assert.ok(spentNano <= budgetNano, `${spentNano} of ${budgetNano}`)
    assert.ok(spentNano > 0.9 * budgetNano, `${spentNano} of ${budgetNano}`)
    // Of an answer that a dead process was hearing, nobody knows what came after the last word of it that was noted.
    const lost = statuses.filter((status) => status === 0).length
    assert.ok(billed(cloud) <= spentNano + lost * mostNano, `${billed(cloud)} of ${spentNano}`)
    assert.deepEqual((await verified(url)).problems, [])
  },
)
