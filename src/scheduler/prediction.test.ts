import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lengthOf } from '../core/length.ts'
import { nobodyAhead } from './fair-queue.ts'
import { isTooLateAt } from './prediction.ts'
import { rigOf, serveFor } from './rig.test-helper.ts'

test('what is granted tells what was thought of it when it was let in, whether or not it had to wait', async () => {
  const { world, scheduler, ask, events } = rigOf({ box: {} })
  // Until it is known.
  for (let at = 0; at < 12; at += 1) {
    serveFor(world, scheduler.acquire(ask()), 1_000)
    await world.advance(1_500)
  }
  events.length = 0
  const leases = [1, 2, 3].map(() => {
    const lease = scheduler.acquire(ask())
    serveFor(world, lease, 1_000)
    return lease
  })
  await world.advance(4_000)
  const told = await Promise.all(leases.map(async (lease) => (await lease).predicted!))
  assert.deepEqual(
    events.flatMap((event) => (event.type === 'ask-granted' ? event.predicted : [])),
    told,
  )
  for (const [at, { waitMs, firstTokenMs, totalMs }] of told.entries()) {
    assert.ok(Math.abs(waitMs - at * 1_000) <= 300, `waits ${waitMs}`)
    assert.ok(Math.abs(firstTokenMs - at * 1_000 - 500) <= 400, `first token ${firstTokenMs}`)
    assert.ok(Math.abs(totalMs - at * 1_000 - 1_000) <= 400, `total ${totalMs}`)
  }
})

test('the time before it came to the scheduler is a part of it', async () => {
  const { world, scheduler, ask } = rigOf({ box: {} })
  await world.advance(5_000)
  const now = await scheduler.acquire(ask())
  now.end('ignored')
  const late = await scheduler.acquire(ask({ arrivedAt: world.now() - 700 }))
  assert.equal(late.predicted!.firstTokenMs - now.predicted!.firstTokenMs, 700)
})

test('an answer is too late at a place that is known, when it would end there after its deadline, its age counted', async () => {
  const { world, fleet, scheduler, ask } = rigOf({ box: {} })
  const offering = fleet.offering('m')!
  const offer = offering.offers[0]!
  const isTooLate = (deadlineMs: number | undefined, ageMs = 0): boolean =>
    isTooLateAt(
      {
        ask: ask({ deadlineMs, arrivedAt: world.now() - ageMs }),
        offering,
        avoid: new Set(),
        length: lengthOf(100, 0.1),
        delay: 1,
        caution: 1,
        ahead: nobodyAhead,
        now: world.now(),
        desperate: false,
      },
      offer,
    )
  await world.advance(10_000)
  assert.equal(isTooLate(1), false, 'nothing is known yet')
  for (let at = 0; at < 12; at += 1) {
    serveFor(world, scheduler.acquire(ask()), 1_000)
    await world.advance(1_500)
  }
  assert.equal(isTooLate(undefined), false)
  assert.equal(isTooLate(2_000), false)
  assert.equal(isTooLate(500), true)
  assert.equal(isTooLate(2_000, 1_500), true)
})
