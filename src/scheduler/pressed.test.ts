import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { creditMax, FairQueue, type Ticket } from './fair-queue.ts'
import { startByIn } from './prediction.ts'
import { callerOf, rigOf, serveFor } from './rig.test-helper.ts'

interface Wish {
  readonly caller: string
  readonly startBy?: number | undefined
  readonly cost?: number
  readonly isDue?: boolean
}

const push = (
  queue: FairQueue<string>,
  item: string,
  { caller, startBy, cost = 100, isDue = false }: Wish,
): Ticket<string> => queue.push(item, { caller: callerOf(caller), priority: 'default', cost, startBy, isDue })

function takeAll(queue: FairQueue<string>): string[] {
  const taken: string[] = []
  for (let next = queue.first; next !== undefined; next = queue.first) {
    queue.take(next)
    taken.push(next.item)
  }
  return taken
}

test('of those who have said by when, the one that has to begin soonest is next, whoever came first', () => {
  const queue = new FairQueue<string>()
  push(queue, 'can wait', { caller: 'a', startBy: 9_000 })
  push(queue, 'cannot', { caller: 'b', startBy: 2_000, cost: 3_000 })
  push(queue, 'hardly', { caller: 'c', startBy: 5_000 })
  assert.deepEqual(takeAll(queue), ['cannot', 'hardly', 'can wait'])
})

test('nobody goes before one whose turn it is and who has not said by when, or has come back when it was told to', () => {
  const queue = new FairQueue<string>()
  push(queue, 'unhurried', { caller: 'a' })
  push(queue, 'back', { caller: 'b', startBy: 9_000, isDue: true })
  push(queue, 'pressed', { caller: 'c', startBy: 2_000 })
  assert.deepEqual(takeAll(queue), ['unhurried', 'back', 'pressed'])
})

test('a caller who is pressed all the time is no further ahead of its turn than anybody may be', () => {
  const queue = new FairQueue<string>()
  push(queue, 'modest', { caller: 'modest', startBy: 60_000, cost: 1_000 })
  for (let at = 0; at < 30; at += 1) push(queue, 'greedy', { caller: 'greedy', startBy: at, cost: 1_000 })
  const before = takeAll(queue).indexOf('modest')
  assert.equal(before, creditMax / 1_000 + 1)
})

test('who is before one that is pressed is foretold, as long as nobody uses up its credit', () => {
  const wish = fc.record({ startBy: fc.integer({ min: 0, max: 9_000 }), cost: fc.integer({ min: 1, max: 300 }) })
  fc.assert(
    fc.property(fc.uniqueArray(wish, { maxLength: 30, selector: ({ startBy }) => startBy }), (wishes) => {
      const queue = new FairQueue<string>()
      const tickets: Ticket<string>[] = []
      for (const [at, one] of wishes.entries()) {
        const claim = { caller: callerOf(`caller ${at}`), priority: 'default' as const, ...one }
        const foreseen = queue.aheadOf(claim)
        tickets.push(queue.push(`${at}`, claim))
        assert.deepEqual(queue.ahead(tickets.at(-1)!), foreseen)
      }
      const before = tickets.map((ticket) => queue.ahead(ticket).count)
      const order = takeAll(queue)
      assert.deepEqual(
        before,
        tickets.map(({ item }) => order.indexOf(item)),
      )
    }),
    { numRuns: 100 },
  )
})

test('a long answer has to begin sooner than a short one; without a deadline, or without another tier, it does not matter when', async () => {
  const { world, scheduler, fleet, ask } = rigOf({ home: {}, cloud: { tier: 1 } })
  for (let served = 0; served < 10; served += 1) {
    serveFor(world, scheduler.acquire(ask({ cloud: 'never' })), 4_000)
    await world.advance(4_000)
  }
  const about = { avoid: new Set<never>(), delay: 1, caution: 1, now: world.now(), desperate: false }
  const ahead = { count: 0, cost: 0, finish: 0, rank: 0, startBy: undefined }
  const startBy = (tokens: number, offering = fleet.offering('m')!, deadlineMs: number | undefined = 10_000) =>
    startByIn({
      ...about,
      ahead,
      offering,
      ask: ask({ deadlineMs }),
      length: { mu: Math.log(tokens), sigma: 0.1, most: 1e6 },
    })
  const [short = NaN, long = NaN] = [startBy(50), startBy(100)]
  assert.ok(Math.abs(short - long - 1_000) < 150, `${short - long}`)
  assert.ok(Math.abs(long - world.now() - 6_000) < 200, `${long - world.now()}`)
  const alone = rigOf({ home: {} }).fleet.offering('m')!
  assert.equal(startBy(50, alone), undefined)
  assert.equal(
    startByIn({
      ...about,
      ahead,
      offering: fleet.offering('m')!,
      ask: ask(),
      length: { mu: 3, sigma: 0.1, most: 1e6 },
    }),
    undefined,
  )
})
