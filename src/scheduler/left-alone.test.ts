import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Place } from '../fleet/place.ts'
import type { Upstream } from '../fleet/upstream.ts'
import { type Rig, rigOf, type Watched, watched } from './rig.test-helper.ts'

/** First tokens there came so many times as late as was thought. */
function spoke({ slowness }: Place, times: number, now: number): void {
  for (let at = 0; at < 5; at += 1) {
    const guest = { startedAt: now - times * 500, speaksAt: now - (times - 1) * 500, cold: false, stream: true }
    const stay = { ...guest, readBy: guest.speaksAt }
    slowness.begun(stay)
    slowness.spoke(stay, now)
  }
}

/** Of two servers, each known to take three seconds, one has become slow and has room, and the other is soon free: who comes waits. */
async function waiting(): Promise<Rig & { readonly slow: Place; readonly one: Watched }> {
  const rig = rigOf({ slow: {}, well: {} })
  const { scheduler, ask, fleet, world } = rig
  const but = (upstream: Upstream): ReadonlySet<Upstream> => new Set(fleet.upstreams.filter((one) => one !== upstream))
  for (const upstream of fleet.upstreams) {
    for (let turn = 0; turn < 6; turn += 1) {
      const lease = await scheduler.acquire(ask(), but(upstream))
      await world.advance(500)
      lease.spoke(world.now())
      await world.advance(2_500)
      lease.end('served', { firstTokenMs: 500, usage: { promptTokens: 100, outputTokens: 100 } })
    }
  }
  const [first, second] = fleet.upstreams
  const slow = first!.place('m')
  spoke(slow, 20, world.now())
  const busy = await scheduler.acquire(ask(), but(second!))
  await world.advance(500)
  busy.spoke(world.now())
  await world.advance(1_500)
  const one = watched(scheduler.acquire(ask()))
  await world.settle()
  return { ...rig, slow, one }
}

test('who left a slow place alone has it at once when another finds that it is well', async () => {
  const { scheduler, ask, world, slow, one } = await waiting()
  assert.deepEqual([one.waits, slow.hasRoom(world.now())], [true, true])
  await world.advance(50)
  spoke(slow, 1, world.now())
  scheduler.explain(ask())
  await world.advance(1)
  assert.equal(one.lease?.upstream.settings.name, 'slow')
})

test('who left a slow place alone looks again soon, though nobody else does', async () => {
  const { world, slow, one } = await waiting()
  spoke(slow, 1, world.now())
  await world.advance(200)
  assert.equal(one.waits, true)
  await world.advance(60)
  assert.equal(one.lease?.upstream.settings.name, 'slow')
})
