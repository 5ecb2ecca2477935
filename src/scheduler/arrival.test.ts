import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Verdict } from './arrival.ts'
import { callerOf, type Rig, rigOf, serveFor, watched } from './rig.test-helper.ts'

/** A server that is known to take four seconds for each ask, and has just begun one. */
async function busy(): Promise<Rig> {
  const rig = rigOf({ home: {} })
  const { world, scheduler, ask } = rig
  for (let served = 0; served < 20; served += 1) {
    serveFor(world, scheduler.acquire(ask()), 4_000)
    await world.advance(4_000)
  }
  serveFor(world, scheduler.acquire(ask()), 4_000)
  await world.settle()
  return rig
}

type Refused = Verdict & { readonly action: 'refuse' }
const refusedBy = ({ action, ...rest }: Verdict): Refused => {
  assert.equal(action, 'refuse')
  return { action, ...rest } as Refused
}

test('who would wait beyond its patience is refused when it comes, and hears when its first token would have come', async () => {
  const { scheduler, ask } = await busy()
  watched(scheduler.acquire(ask()))
  const { fault, dueAt } = refusedBy(scheduler.explain(ask({ patienceMs: 6_000 })).verdict)
  assert.equal(fault.kind, 'patience-spent')
  assert.ok(Math.abs(fault.etaMs! - 10_000) < 1_500, `${fault.etaMs}`)
  assert.ok(dueAt !== undefined && fault.retryAfterMs! < fault.etaMs!)
  assert.equal(scheduler.explain(ask({ patienceMs: 14_000 })).verdict.action, 'queue')
})

test('without any patience it is told no time that would be kept', async () => {
  const { scheduler, ask } = await busy()
  const { fault, dueAt } = refusedBy(scheduler.explain(ask({ patienceMs: 0 })).verdict)
  assert.equal(fault.kind, 'patience-spent')
  assert.equal(dueAt, undefined)
})

interface Crowded extends Rig {
  /** What was refused, as it is sent again. */
  readonly again: () => ReturnType<Rig['ask']>
  readonly retryMs: number
}

const unlucky = callerOf('unlucky', { weight: 2 })

/** Three wait, and one more is refused, or only would be. When it is told to come back, the last of them still waits. */
async function crowded(refuses = true): Promise<Crowded> {
  const rig = await busy()
  const { world, scheduler, ask } = rig
  for (const id of ['a', 'b', 'c']) serveFor(world, scheduler.acquire(ask({ caller: callerOf(id) })), 4_000)
  const raw = Buffer.from('the very same')
  const again = (): ReturnType<Rig['ask']> => ask({ caller: unlucky, raw, patienceMs: 6_000 })
  const { fault } = refusedBy(scheduler.explain(again()).verdict)
  if (refuses) await assert.rejects(scheduler.acquire(again()), { retryAfterMs: fault.retryAfterMs })
  return { ...rig, again, retryMs: fault.retryAfterMs! }
}

const isDue = (verdict: Verdict): boolean => verdict.action === 'queue' && verdict.isDue

test('one that comes back when it was told to goes before what else its caller has waiting', async () => {
  const { world, scheduler, ask, again, retryMs } = await crowded()
  await world.advance(retryMs)
  const served: string[] = []
  for (const [what, one] of [
    ['before', ask({ caller: unlucky })],
    ['again', again()],
    ['once more', again()],
  ] as const) {
    scheduler.acquire(one).then(
      async (lease) => {
        served.push(what)
        await world.sleep(4_000)
        lease.end('served')
      },
      () => served.push(`not ${what}`),
    )
  }
  await world.advance(30_000)
  assert.deepEqual(served, ['not once more', 'again', 'before'])
})

test('what was promised is kept free of those who come meanwhile and would have to wait for long', async () => {
  const actions: string[] = []
  for (const refuses of [true, false]) {
    const { world, scheduler, ask, again, retryMs } = await crowded(refuses)
    await world.advance(retryMs - 500)
    actions.push(scheduler.explain(ask({ caller: callerOf('new'), patienceMs: 10_000 })).verdict.action)
    await world.advance(500)
    actions.push(scheduler.explain(again()).verdict.action)
  }
  assert.deepEqual(actions, ['refuse', 'queue', 'queue', 'queue'])
})

test('an explanation promises nothing and claims nothing', async () => {
  const { world, scheduler, ask, again, retryMs } = await crowded()
  const hasty = (): ReturnType<Rig['ask']> => ask({ caller: callerOf('hasty'), patienceMs: 3_000 })
  const { fault } = refusedBy(scheduler.explain(hasty()).verdict)
  await world.advance(retryMs)
  for (let looks = 0; looks < 3; looks += 1) assert.ok(isDue(scheduler.explain(again()).verdict))
  await world.advance(Math.max(0, fault.retryAfterMs! - retryMs))
  assert.ok(!isDue(scheduler.explain(hasty()).verdict))
})
