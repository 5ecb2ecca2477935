import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Caller, Priority } from '../core/ask.ts'
import { creditMax, FairQueue, type Ticket } from './fair-queue.ts'
import { callerOf } from './rig.test-helper.ts'

const push = (
  queue: FairQueue<string>,
  caller: Caller,
  more: { priority?: Priority; cost?: number; item?: string } = {},
) =>
  queue.push(more.item ?? caller.id, {
    caller,
    priority: more.priority ?? 'default',
    cost: more.cost ?? 100,
  })

function take(queue: FairQueue<string>): Ticket<string> {
  const ticket = queue.first!
  queue.take(ticket)
  return ticket
}

const takeAll = (queue: FairQueue<string>, count: number = queue.size): string[] =>
  Array.from({ length: count }, () => take(queue).item)

test('one caller is served in the order he asked', () => {
  const queue = new FairQueue<string>()
  for (const item of ['1', '2', '3']) push(queue, callerOf('a'), { item })
  assert.deepEqual(takeAll(queue), ['1', '2', '3'])
})

test('a caller with a hundred waiting and one with two take turns', () => {
  const queue = new FairQueue<string>()
  for (let at = 0; at < 100; at += 1) push(queue, callerOf('heavy'))
  for (let at = 0; at < 2; at += 1) push(queue, callerOf('polite'))
  const first = takeAll(queue, 5)
  assert.equal(first.filter((id) => id === 'polite').length, 2, first.join(' '))
})

test('one who comes late goes first for a while, and then has no more than the others', () => {
  const queue = new FairQueue<string>()
  for (let at = 0; at < 400; at += 1) push(queue, callerOf('early'))
  takeAll(queue, 100)
  for (let at = 0; at < 200; at += 1) push(queue, callerOf('late'))
  const first = takeAll(queue, creditMax / 100)
  assert.ok(first.filter((id) => id === 'late').length >= first.length - 2, first.join(' '))
  takeAll(queue, 4)
  const next = takeAll(queue, 20)
  assert.equal(next.filter((id) => id === 'late').length, 10)
})

test('one who leaves to be served elsewhere pays nothing, however much that took', () => {
  const queue = new FairQueue<string>()
  const [gone] = ['a', 'a', 'b'].map((id) => push(queue, callerOf(id)))
  queue.remove(gone!)
  gone!.settle(10 * creditMax)
  assert.deepEqual(takeAll(queue), ['a', 'b'])
})

test('a debt is remembered while others wait, and is no credit once it is paid', () => {
  const queue = new FairQueue<string>()
  push(queue, callerOf('debtor'))
  for (let at = 0; at < 200; at += 1) push(queue, callerOf('other'))
  take(queue).settle(2 * creditMax)
  push(queue, callerOf('debtor'))
  assert.ok(takeAll(queue, 4).every((id) => id === 'other'))
  for (let at = 0; at < 200; at += 1) push(queue, callerOf('other'))
  // As much as is owed, and as much again as one who was away may have ahead.
  takeAll(queue, 200)
  for (let at = 0; at < 50; at += 1) push(queue, callerOf('debtor'))
  const debtors = takeAll(queue, 20).filter((id) => id === 'debtor').length
  assert.ok(debtors >= 9 && debtors <= 11, `${debtors}`)
})

test('shares follow weights in tokens, whatever the sizes', () => {
  const queue = new FairQueue<string>()
  for (let at = 0; at < 2_000; at += 1) {
    push(queue, callerOf('one'), { cost: 300 })
    push(queue, callerOf('three', { weight: 3 }), { cost: 100 })
  }
  const tokens = { one: 0, three: 0 }
  for (let at = 0; at < 1_000; at += 1) {
    const { item, cost } = take(queue)
    tokens[item as 'one' | 'three'] += cost
  }
  assert.ok(Math.abs(tokens.three / tokens.one - 3) < 0.1, `${tokens.three / tokens.one}`)
})

test('an estimate that proves too low is paid for by whom it served', () => {
  const queue = new FairQueue<string>()
  for (let at = 0; at < 500; at += 1) for (const id of ['honest', 'long']) push(queue, callerOf(id))
  const served = { honest: 0, long: 0 }
  for (let at = 0; at < 300; at += 1) {
    const ticket = take(queue)
    served[ticket.item as 'honest' | 'long'] += 1
    ticket.settle(ticket.item === 'long' ? 300 : 100)
  }
  assert.ok(Math.abs(served.honest / served.long - 3) < 0.15, `${served.honest / served.long}`)
})

test('the more urgent class goes first, and each other gets its share of what is served', () => {
  const queue = new FairQueue<string>(() => ({ default: 0.25, batch: 0.125 }))
  for (const priority of ['batch', 'default', 'interactive'] as const) {
    for (let at = 0; at < 1_000; at += 1) push(queue, callerOf('a'), { priority, item: priority })
  }
  const order = takeAll(queue, 800)
  assert.equal(order[0], 'interactive')
  const shareOf = (name: string): number => order.filter((item) => item === name).length / order.length
  for (const [name, share] of [
    ['interactive', 0.625],
    ['default', 0.25],
    ['batch', 0.125],
  ] as const)
    assert.ok(Math.abs(shareOf(name) - share) < 0.005, `${name} got ${shareOf(name)}`)
})

test('shares are of cost: ten small ones weigh as much as one that is ten times as long', () => {
  const queue = new FairQueue<string>(() => ({ default: 0.2, batch: 0.1 }))
  for (let at = 0; at < 5_000; at += 1) push(queue, callerOf('a'), { priority: 'interactive', cost: 10 })
  for (let at = 0; at < 100; at += 1) push(queue, callerOf('b'), { priority: 'batch', cost: 500 })
  let [all, batch] = [0, 0]
  while (all < 30_000) {
    const { item, cost } = take(queue)
    all += cost
    if (item === 'b') batch += cost
  }
  assert.ok(Math.abs(batch / all - 0.1) < 0.02, `${batch / all}`)
})

test('a class without a share waits until nobody more urgent does', () => {
  const queue = new FairQueue<string>(() => ({ default: 0, batch: 0 }))
  for (let at = 0; at < 50; at += 1) {
    push(queue, callerOf('a'), { priority: 'batch', item: 'batch', cost: at % 2 })
    push(queue, callerOf('a'), { priority: 'interactive', item: 'interactive' })
  }
  assert.ok(takeAll(queue, 50).every((item) => item === 'interactive'))
})

test('what was saved while others went before is not kept for when they come back', () => {
  const queue = new FairQueue<string>(() => ({ default: 0.2, batch: 0.1 }))
  for (let at = 0; at < 200; at += 1) push(queue, callerOf('b'), { priority: 'batch', item: 'batch', cost: 1_000 })
  for (let round = 0; round < 3; round += 1) {
    // Nearly enough.
    for (let at = 0; at < 99; at += 1) push(queue, callerOf('a'), { priority: 'interactive', item: 'urgent' })
    assert.ok(takeAll(queue, 99).every((item) => item === 'urgent'))
    assert.deepEqual(takeAll(queue, 5), ['batch', 'batch', 'batch', 'batch', 'batch'])
  }
})

test('what an ask cost beyond its estimate is saved for by those whom it kept waiting', () => {
  const queue = new FairQueue<string>(() => ({ default: 0.2, batch: 0.1 }))
  for (let at = 0; at < 3_000; at += 1) {
    push(queue, callerOf('a'), { priority: 'interactive', cost: 100 })
    push(queue, callerOf('b'), { priority: 'batch', cost: 300 })
  }
  const real = { a: 0, b: 0 }
  for (let at = 0; at < 2_000; at += 1) {
    const ticket = take(queue)
    const cost = ticket.item === 'a' ? 300 : 100
    ticket.settle(cost)
    real[ticket.item as 'a' | 'b'] += cost
  }
  const share = real.b / (real.a + real.b)
  assert.ok(share > 0.098 && share < 0.12, `${share}`)
})

test('as long as a class waits it never has less than its share by more than three of its asks, nor the most urgent one less than the rest', () => {
  const classes = ['default', 'batch'] as const
  const costMax = 1_000
  fc.assert(
    fc.property(
      fc.record({
        default: fc.double({ min: 0, max: 0.5, noNaN: true }),
        batch: fc.double({ min: 0, max: 0.4, noNaN: true }),
      }),
      fc.infiniteStream(
        fc.tuple(fc.constantFrom<Priority>('interactive', 'default', 'batch'), fc.integer({ min: 1, max: costMax })),
      ),
      fc.subarray(classes as unknown as ('default' | 'batch')[], { minLength: 1 }),
      (shares, arrivals, present) => {
        const queue = new FairQueue<Priority>(() => shares)
        const waiting: Record<Priority, number> = { interactive: 0, default: 0, batch: 0 }
        const got: Record<Priority, number> = { interactive: 0, default: 0, batch: 0 }
        let all = 0
        const arrive = (priority: Priority, cost: number): void => {
          waiting[priority] += 1
          queue.push(priority, { caller: callerOf(`${cost % 3}`), priority, cost })
        }
        for (let turn = 0; turn < 400; turn += 1) {
          const [, cost] = arrivals.next().value!
          // So that none of them ever runs out, which would be another story.
          for (const priority of ['interactive', ...present] as const)
            while (waiting[priority] < 3) arrive(priority, cost)
          const ticket = queue.first!
          queue.take(ticket)
          waiting[ticket.item] -= 1
          got[ticket.item] += ticket.cost
          all += ticket.cost
          for (const name of present)
            assert.ok(all * shares[name] - got[name] <= 3 * costMax, `${name} has ${got[name]} of ${all}`)
          const reserved = present.reduce((sum, name) => sum + shares[name], 0)
          assert.ok(
            all * (1 - reserved) - got.interactive <= present.length * costMax,
            `interactive has ${got.interactive}`,
          )
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('how much is before a class that saves is what it takes to save, and not all that is more urgent', () => {
  const queue = new FairQueue<string>(() => ({ default: 0.2, batch: 0.1 }))
  for (let at = 0; at < 500; at += 1) push(queue, callerOf('a'), { priority: 'interactive', item: 'urgent' })
  const ticket = push(queue, callerOf('b'), { priority: 'batch', item: 'batch' })
  const { count, cost } = queue.ahead(ticket)
  const served = takeAll(queue, 100)
  assert.ok(Math.abs(served.indexOf('batch') - count) <= 1, `${served.indexOf('batch')}, not ${count}`)
  assert.ok(Math.abs(cost - served.indexOf('batch') * 100) <= 100)
})

test('what the less urgent save for goes before some who are more urgent, and is foreseen', () => {
  const queue = new FairQueue<string>(() => ({ default: 0.2, batch: 0.1 }))
  for (let at = 0; at < 300; at += 1) {
    push(queue, callerOf('b'), { priority: 'batch', item: 'batch' })
    push(queue, callerOf('d'), { priority: 'default', item: 'default' })
  }
  for (let at = 0; at < 100; at += 1) push(queue, callerOf('a'), { priority: 'interactive', item: 'urgent' })
  const ticket = push(queue, callerOf('a'), { priority: 'interactive', item: 'last' })
  const { count } = queue.ahead(ticket)
  const really = takeAll(queue, 300).indexOf('last')
  assert.ok(Math.abs(count / really - 1) < 0.15, `${really}, not ${count}`)
})

test('a place in the queue is predicted from the clocks of all callers', () => {
  const queue = new FairQueue<string>()
  for (let at = 0; at < 50; at += 1) push(queue, callerOf('heavy'))
  const last = push(queue, callerOf('heavy'))
  const polite = push(queue, callerOf('polite'))
  assert.equal(queue.ahead(last).count, 51)
  assert.ok(queue.ahead(polite).count <= 2, `${queue.ahead(polite).count}`)
  const batch = push(queue, callerOf('polite'), { priority: 'batch' })
  // It saves a tenth of what is served, and needs a hundred.
  assert.equal(queue.ahead(batch).count, 10)
})

test('whatever comes and goes, everyone is taken exactly once, each caller in order, and the rest is counted right', () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('push' as const),
      caller: fc.constantFrom(callerOf('a'), callerOf('b', { weight: 2 }), callerOf('c', { weight: 0.5 })),
      priority: fc.constantFrom<Priority>('interactive', 'default', 'batch'),
      cost: fc.integer({ min: 0, max: 5_000 }),
    }),
    fc.record({ do: fc.constant('take' as const), realCost: fc.integer({ min: 0, max: 5_000 }) }),
    fc.record({ do: fc.constant('remove' as const), which: fc.nat() }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const queue = new FairQueue<string>()
      const waiting = new Map<string, { ticket: Ticket<string>; flow: string }>()
      let number = 0
      for (const each of steps) {
        if (each.do === 'push') {
          const item = String((number += 1))
          const foreseen = queue.aheadOf(each)
          const ticket = push(queue, each.caller, { ...each, item })
          assert.deepEqual(queue.ahead(ticket), foreseen)
          waiting.set(item, {
            ticket,
            flow: each.caller.id + each.priority,
          })
        } else if (each.do === 'take') {
          const ticket = queue.first
          assert.equal(ticket === undefined, waiting.size === 0)
          if (ticket === undefined) continue
          const { flow } = waiting.get(ticket.item)!
          const eldest = [...waiting.values()].find((other) => other.flow === flow)!
          assert.equal(ticket, eldest.ticket)
          queue.take(ticket)
          waiting.delete(ticket.item)
          ticket.settle(each.realCost)
        } else if (waiting.size > 0) {
          const gone = [...waiting.values()][each.which % waiting.size]!
          queue.remove(gone.ticket)
          queue.remove(gone.ticket)
          waiting.delete(gone.ticket.item)
        }
        assert.equal(queue.size, waiting.size)
        for (const { ticket } of waiting.values())
          assert.ok(queue.ahead(ticket).count >= 0 && queue.ahead(ticket).count < waiting.size)
      }
      assert.equal(new Set(takeAll(queue)).size, waiting.size)
    }),
    { numRuns: 150 },
  )
})
