import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Caller, Priority } from '../core/ask.ts'
import { FairQueue, passedOverMax, type Ticket } from './fair-queue.ts'
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

test('one who comes late neither pays for the time before nor is paid for it', () => {
  const queue = new FairQueue<string>()
  for (let at = 0; at < 200; at += 1) push(queue, callerOf('early'))
  takeAll(queue, 100)
  for (let at = 0; at < 100; at += 1) push(queue, callerOf('late'))
  const next = takeAll(queue, 20)
  assert.equal(next.filter((id) => id === 'late').length, 10)
})

test('a debt is remembered while others wait, and is no credit once it is paid', () => {
  const queue = new FairQueue<string>()
  push(queue, callerOf('debtor'))
  for (let at = 0; at < 200; at += 1) push(queue, callerOf('other'))
  take(queue).settle(500)
  push(queue, callerOf('debtor'))
  assert.ok(takeAll(queue, 4).every((id) => id === 'other'))
  takeAll(queue, 60)
  for (let at = 0; at < 50; at += 1) push(queue, callerOf('debtor'))
  assert.equal(takeAll(queue, 20).filter((id) => id === 'debtor').length, 10)
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

test('the more urgent class goes first, but passes another over only so often in a row', () => {
  const queue = new FairQueue<string>()
  for (const priority of ['batch', 'default', 'interactive'] as const) {
    for (let at = 0; at < 100; at += 1) push(queue, callerOf('a'), { priority, item: priority })
  }
  const order = takeAll(queue, 100)
  assert.equal(
    order.slice(0, passedOverMax).every((item) => item === 'interactive'),
    true,
  )
  for (const waiting of ['batch', 'default']) {
    let longest = 0
    let run = 0
    for (const item of order) {
      run = item === waiting ? 0 : run + 1
      longest = Math.max(longest, run)
    }
    // Both may become overdue at the same time; then one of them goes after the other.
    assert.ok(longest <= passedOverMax + 1, `${waiting} was passed over ${longest} times`)
  }
})

test('a place in the queue is predicted from the clocks of all callers', () => {
  const queue = new FairQueue<string>()
  for (let at = 0; at < 50; at += 1) push(queue, callerOf('heavy'))
  const last = push(queue, callerOf('heavy'))
  const polite = push(queue, callerOf('polite'))
  assert.equal(queue.ahead(last).count, 51)
  assert.ok(queue.ahead(polite).count <= 2, `${queue.ahead(polite).count}`)
  const batch = push(queue, callerOf('polite'), { priority: 'batch' })
  assert.equal(queue.ahead(batch).count, 52)
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
