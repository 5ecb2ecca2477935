import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { Priority } from '../core/ask.ts'
import { callerOf, rigOf, type Rig, type Watched, watched } from './rig.test-helper.ts'
import { type Sheddable, Shedding } from './shedding.ts'

const priority = fc.constantFrom<Priority>('interactive', 'default', 'batch')
const ranks: readonly Priority[] = ['interactive', 'default', 'batch']

const caller = callerOf('anyone')

test('where there is one caller, who leaves is the last that came of the least urgent class, and never of the same or a more urgent one', () => {
  const step = fc.oneof(fc.record({ comes: priority }), fc.record({ goes: fc.nat() }), fc.record({ sheds: priority }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const shedding = new Shedding<Sheddable>()
      const present: Sheddable[] = []
      for (const each of steps) {
        if ('comes' in each) {
          const item = { ask: { caller, priority: each.comes } }
          present.push(item)
          shedding.enter(item)
        } else if ('goes' in each) {
          const [gone] = present.splice(each.goes % Math.max(1, present.length), 1)
          if (gone !== undefined) shedding.leave(gone)
        } else {
          const least = ['batch', 'default'].find((name) => present.some(({ ask }) => ask.priority === name))
          const expected =
            least !== undefined && ranks.indexOf(least as Priority) > ranks.indexOf(each.sheds)
              ? present.findLast(({ ask }) => ask.priority === least)
              : undefined
          assert.equal(shedding.whoLeavesFor({ caller, priority: each.sheds }), expected)
        }
      }
    }),
  )
})

test('ten thousand who came and went leave nothing behind that takes time to step over', () => {
  const shedding = new Shedding<Sheddable>()
  const batch = (): Sheddable => ({ ask: { caller, priority: 'batch' } })
  const stays = batch()
  shedding.enter(stays)
  const others = Array.from({ length: 10_000 }, batch)
  for (const other of others) shedding.enter(other)
  for (const other of others) shedding.leave(other)
  assert.equal(shedding.whoLeavesFor({ caller, priority: 'default' }), stays)
})

test('places to wait in are shared by weight: who has most gives way, and nobody who would have less than the one who comes', () => {
  const many = fc.array(fc.constantFrom(callerOf('a'), callerOf('b', { weight: 3 }), callerOf('c', { weight: 0.5 })), {
    maxLength: 60,
  })
  fc.assert(
    fc.property(many, fc.constantFrom(callerOf('a'), callerOf('new')), (callers, comes) => {
      const shedding = new Shedding<Sheddable>()
      const present = callers.map((one): Sheddable => ({ ask: { caller: one, priority: 'default' } }))
      for (const item of present) shedding.enter(item)
      const shareOf = (id: string, more: number): number => {
        const own = present.filter(({ ask }) => ask.caller.id === id)
        return (own.length + more) / (own[0]?.ask.caller.weight ?? 1)
      }
      const leaves = shedding.whoLeavesFor({ caller: comes, priority: 'default' })
      const after = shareOf(comes.id, 1)
      if (leaves === undefined) {
        for (const { ask } of present) {
          assert.ok(shareOf(ask.caller.id, -1) < after)
        }
        return
      }
      const { id } = leaves.ask.caller
      assert.notEqual(id, comes.id)
      assert.ok(shareOf(id, -1) >= after)
      assert.equal(
        leaves,
        present.findLast(({ ask }) => ask.caller.id === id),
      )
    }),
  )
})

/** A server with one place, which is taken, and a queue for two. */
function crowded(...classes: readonly Priority[]): Rig & { readonly waiting: readonly Watched[] } {
  const rig = rigOf({ box: {} }, 2)
  void rig.scheduler.acquire(rig.ask())
  return { ...rig, waiting: classes.map((each) => watched(rig.scheduler.acquire(rig.ask({ priority: each })))) }
}

/** Lets what was promised be told. */
const told = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

suite('When the queue is full', () => {
  test('somebody more urgent takes the place of the last who came of the least urgent class', async () => {
    const { scheduler, ask, waiting } = crowded('batch', 'batch')
    const urgent = watched(scheduler.acquire(ask({ priority: 'default' })))
    await told()
    assert.deepEqual(
      [waiting[0]!.waits, waiting[1]!.error?.kind, urgent.waits, scheduler.waiting],
      [true, 'queue-full', true, 2],
    )
    assert.ok(waiting[1]!.error!.retryAfterMs! >= 1_000)
    const most = watched(scheduler.acquire(ask({ priority: 'interactive' })))
    await told()
    assert.deepEqual([waiting[0]!.error?.kind, urgent.waits, most.waits], ['queue-full', true, true])
    const next = watched(scheduler.acquire(ask({ priority: 'interactive' })))
    await told()
    assert.deepEqual([urgent.error?.kind, most.waits, next.waits], ['queue-full', true, true])
  })

  test('a caller who fills it gives way to another, as long as he still has no less', async () => {
    const { scheduler, ask } = rigOf({ box: {} }, 4)
    void scheduler.acquire(ask())
    const greedy = Array.from({ length: 4 }, () => watched(scheduler.acquire(ask({ caller: callerOf('greedy') }))))
    const polite = Array.from({ length: 3 }, () => watched(scheduler.acquire(ask({ caller: callerOf('polite') }))))
    await told()
    assert.deepEqual(
      [...greedy, ...polite].map(({ waits }) => waits),
      [true, true, false, false, true, true, false],
    )
    assert.equal(polite[2]!.error?.kind, 'queue-full')
  })

  test('nobody makes room for his like, nor for one who is less urgent', async () => {
    for (const [inside, comes] of [
      ['default', 'default'],
      ['interactive', 'interactive'],
      ['batch', 'batch'],
      ['interactive', 'batch'],
      ['default', 'batch'],
    ] as const) {
      const { scheduler, ask, waiting } = crowded(inside, inside)
      const late = watched(scheduler.acquire(ask({ priority: comes })))
      await told()
      assert.deepEqual([...waiting.map(({ waits }) => waits), late.error?.kind], [true, true, 'queue-full'])
    }
  })

  test('it is one queue: who waits for another model makes room as well', async () => {
    const serve = new Map([
      ['m', 'm'],
      ['n', 'n'],
    ])
    const { scheduler, ask } = rigOf({ box: { serve } }, 1)
    for (const model of ['m', 'n']) void scheduler.acquire(ask({ model }))
    const slow = watched(scheduler.acquire(ask({ model: 'm', priority: 'batch' })))
    const urgent = watched(scheduler.acquire(ask({ model: 'n', priority: 'interactive' })))
    await told()
    assert.deepEqual([slow.error?.kind, urgent.waits, scheduler.waiting], ['queue-full', true, 1])
  })

  test('one whom a server let down is not sent off', async () => {
    const { scheduler, ask, fleet } = rigOf({ box: {}, other: {} }, 1)
    for (let place = 0; place < 2; place += 1) void scheduler.acquire(ask())
    const again = watched(scheduler.acquire(ask({ priority: 'batch' }), new Set([fleet.upstreams[0]!])))
    const urgent = watched(scheduler.acquire(ask({ priority: 'interactive' })))
    await told()
    assert.deepEqual([again.waits, urgent.error?.kind], [true, 'queue-full'])
  })

  test('an explanation tells who would have to leave, and sends nobody off', async () => {
    const { scheduler, ask, waiting } = crowded('batch', 'batch')
    const verdict = scheduler.explain(ask({ priority: 'interactive' })).verdict
    await told()
    assert.equal(verdict.action === 'queue' && verdict.leaves?.ask.priority, 'batch')
    assert.deepEqual(
      waiting.map(({ waits }) => waits),
      [true, true],
    )
  })

  test('one who has no patience takes nobody’s place', async () => {
    const { scheduler, ask, waiting } = crowded('batch', 'batch')
    const late = watched(scheduler.acquire(ask({ priority: 'interactive', patienceMs: 0 })))
    await told()
    assert.deepEqual([late.error?.kind, ...waiting.map(({ waits }) => waits)], ['patience-spent', true, true])
  })
})
