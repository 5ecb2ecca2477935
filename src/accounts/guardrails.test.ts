import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BudgetStanding } from '../core/budget.ts'
import type { Event } from '../core/event.ts'
import type { Notes } from '../core/notes.ts'
import type { Inbound, Outbound } from '../core/world.ts'
import { SimWorld } from '../sim/world.ts'
import { someAsk } from '../../test/telemetry/asks.ts'
import { Guardrails } from './guardrails.ts'
import { MemoryNotes } from './memory-notes.ts'

/** Gateways that share their notes, in virtual time. */
function gateways(count: number, notes: Notes = new MemoryNotes()) {
  const world = new SimWorld(3)
  const told: string[] = []
  world.attach('http://hooks.test', {
    send({ body }: Outbound): Promise<Inbound> {
      told.push((JSON.parse(Buffer.from(body!).toString()) as { type: string }).type)
      return Promise.resolve({ status: 200, headers: {}, body: (async function* () {})() })
    },
  })
  const standings: BudgetStanding[] = []
  const houses = Array.from({ length: count }, () => {
    const house = { open: true, texts: [] as string[], reached: 0 }
    const emit = (event: Event): void => {
      if (event.type === 'notice' || event.type === 'cloud-switched') house.texts.push(event.text)
      if (event.type === 'budget-reached') house.reached += 1
    }
    const rails = new Guardrails({
      world,
      emit,
      notes,
      ledger: { report: () => Promise.resolve([]) },
      treasury: { standings: () => standings, setCloud: (open) => (house.open = open) },
      alerts: () => ({ webhook: { url: 'http://hooks.test/', secret: 'sixteen letters.' }, spillShare: 0.1 }),
      homesOf: () => [],
      lookEveryMs: 1_000,
    })
    return Object.assign(house, { rails })
  })
  const pass = (ms: number): Promise<void> => world.run(world.sleep(ms))
  const begin = async (): Promise<void> => {
    await world.run(Promise.all(houses.map(({ rails }) => rails.start())))
  }
  return { world, houses, told, standings, pass, begin, notes }
}

const closed = { open: false, reason: 'the bill', by: 'admin', at: 17 }

test('a cloud that is closed at one gateway is closed at all of them within a second, and told of once', async () => {
  const { houses, told, pass, begin } = gateways(2)
  await begin()
  const [one, other] = houses
  const closing = one!.rails.cloud.set(closed)
  assert.equal(one!.open, false)
  await closing
  await pass(1_000)
  assert.equal(other!.open, false)
  assert.deepEqual(other!.texts, [
    'The cloud is closed: nothing leaves any more for servers that cost money, and what runs there runs on (admin: the bill).',
  ])
  assert.deepEqual(one!.rails.troubles, other!.texts)
  await pass(5_000)
  assert.deepEqual(told, ['cloud.switched'])
  await other!.rails.cloud.set({ open: true, by: 'cli:ann', at: 18 })
  await pass(1_000)
  assert.equal(one!.open, true)
  assert.deepEqual(one!.rails.troubles, [])
})

test('a budget of which no request can be paid any more is told as long as that is so', async () => {
  const { houses, standings, begin } = gateways(1)
  await begin()
  const standing: BudgetStanding = {
    account: 'gateway/day',
    counted: 'nano',
    limit: 1_000_000_000,
    spent: 970_000_000,
    held: 0,
    from: 0,
    until: 86_400_000,
    alertAt: [],
  }
  standings.push(standing, { ...standing, account: 'caller:kiosk/day', limit: 0, spent: 0 })
  assert.deepEqual(houses[0]!.rails.troubles, [])
  standings[0] = { ...standing, spent: 999_000_000 }
  assert.deepEqual(houses[0]!.rails.troubles, [
    '99.9 % of the budget of gateway/day is used up: $0.999 of $1.00. It begins anew at 1970-01-02T00:00:00.000Z.',
  ])
  houses[0]!.rails.stop()
})

test('it stays closed over a restart, from the first moment on', async () => {
  const { houses, notes, begin } = gateways(1)
  await begin()
  await houses[0]!.rails.cloud.set(closed)
  const again = gateways(1, notes)
  await again.begin()
  assert.equal(again.houses[0]!.open, false)
})

test('where it cannot be taken down it is closed here all the same, and taken down when it can be', async () => {
  const kept = new MemoryNotes()
  let isGone = true
  const gone = <T>(work: () => Promise<T>): Promise<T> =>
    isGone ? Promise.reject(new Error('The disk is full.')) : work()
  const notes: Notes = {
    cloud: () => gone(() => kept.cloud()),
    setCloud: (state) => gone(() => kept.setCloud(state)),
    post: (...letter) => gone(() => kept.post(...letter)),
    take: (...now) => gone(() => kept.take(...now)),
    sent: (...how) => gone(() => kept.sent(...how)),
  }
  const { houses, pass, begin } = gateways(1, notes)
  await begin()
  const [house] = houses
  await assert.rejects(house!.rails.cloud.set(closed), /full/)
  assert.equal(house!.open, false)
  await pass(5_000)
  assert.equal(house!.open, false)
  assert.equal(house!.texts.filter((text) => text.includes('cannot be kept up: The disk is full.')).length, 1)
  isGone = false
  await pass(1_000)
  assert.deepEqual(await kept.cloud(), closed)
  isGone = true
  await pass(5_000)
  assert.equal(house!.texts.filter((text) => text.includes('The disk is full.')).length, 2)
})

test('a budget that is reached is told by one of the gateways, and the webhook hears of it once', async () => {
  const { houses, told, standings, pass, begin, world } = gateways(3)
  await begin()
  const from = world.epochMs()
  const usual = { account: 'gateway/day', counted: 'nano', held: 0, from, until: from + 86_400_000 } as const
  standings.push({ ...usual, limit: 10, spent: 8, alertAt: [0.5, 0.8, 1] })
  await pass(10_000)
  assert.equal(
    houses.reduce((sum, { reached }) => sum + reached, 0),
    2,
  )
  assert.deepEqual(told, ['budget.reached', 'budget.reached'])
})

test('that the machines are too few is said once in six hours as long as it is so, and shown all the time', async () => {
  const { houses, told, pass, begin } = gateways(1)
  await begin()
  const { rails, texts } = houses[0]!
  for (let quarter = 0; quarter < 30; quarter += 1) {
    for (let i = 0; i < 20; i += 1) {
      const outcome = { upstream: 'x', tier: 1, attempts: 1, waitMs: 1, firstTokenMs: 1, totalMs: 2, fault: undefined }
      const usage = { promptTokens: 1, outputTokens: 1 }
      rails.listen({ type: 'ask-settled', ask: someAsk(), outcome: { ...outcome, usage, spilled: i < 5 } })
    }
    await pass(900_000)
  }
  assert.match(rails.troubles.join(), /went to the cloud/)
  assert.equal(texts.length, 2)
  assert.match(texts[0]!, /^In the last hour 15 of 60 requests \(25\.0 %\) went to the cloud/)
  assert.deepEqual(told, ['machines.too_few', 'machines.too_few'])
})
