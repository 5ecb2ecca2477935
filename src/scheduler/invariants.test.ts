import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Cloud, Priority } from '../core/ask.ts'
import type { Event } from '../core/event.ts'
import type { Ending } from '../fleet/limit.ts'
import type { Upstream } from '../fleet/upstream.ts'
import type { Verdict } from './arrival.ts'
import { callerOf, rigOf, serveFor } from './rig.test-helper.ts'
import type { Lease } from './scheduler.ts'

const callers = [callerOf('a'), callerOf('b', { weight: 3 }), callerOf('c', { weight: 0.2 })]

const arrival = fc.record({
  afterMs: fc.integer({ min: 0, max: 400 }),
  model: fc.constantFrom('m', 'n', 'M', 'unknown'),
  caller: fc.constantFrom(...callers),
  priority: fc.constantFrom<Priority>('interactive', 'default', 'batch'),
  cloud: fc.constantFrom<Cloud>('allowed', 'never'),
  promptTokens: fc.integer({ min: 0, max: 5_000 }),
  patienceMs: fc.constantFrom(0, 300, 2_000, 20_000),
  leavesAfterMs: fc.option(fc.integer({ min: 0, max: 2_000 }), { nil: undefined }),
  holdMs: fc.integer({ min: 0, max: 3_000 }),
  ending: fc.constantFrom<Ending>('served', 'served', 'served', 'overloaded', 'broke', 'ignored'),
  tries: fc.integer({ min: 1, max: 3 }),
})

const outage = fc.record({ upstream: fc.nat({ max: 2 }), atMs: fc.integer({ min: 0, max: 8_000 }), up: fc.boolean() })

/** What an explanation says will happen, and what the scheduler then did, in the same words. */
function inShort(verdict: Verdict): string {
  if (verdict.action === 'queue') return `queue behind ${verdict.ahead}`
  if (verdict.action === 'run' || verdict.action === 'spill')
    return `${verdict.action} on ${verdict.offer.upstream.settings.name}`
  return 'refuse'
}

function happened(events: readonly Event[]): string {
  for (const event of events) {
    if (event.type === 'ask-queued') return `queue behind ${event.ahead}`
    if (event.type === 'ask-granted') return `${event.spilled ? 'spill' : 'run'} on ${event.upstream}`
  }
  return 'refuse'
}

test('whatever happens: each ask goes the way that was foretold, no limit is exceeded, each acquire settles once, no paid server sees an ask that may not cost money, and nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(arrival, { minLength: 10, maxLength: 60, size: 'max' }),
      fc.array(outage, { maxLength: 5 }),
      fc.integer({ min: 1, max: 20 }),
      async (arrivals, outages, queueMax) => {
        const both = new Map([
          ['m', 'm'],
          ['n', 'n'],
        ])
        const rig = rigOf(
          {
            one: { concurrency: 2 },
            two: { concurrency: 'auto', serve: both },
            cloud: { tier: 1, concurrency: 1, serve: both },
          },
          queueMax,
        )
        const { world, fleet, scheduler, events, ask } = rig
        let acquires = 0
        let settled = 0

        const check = (): void => {
          for (const { settings, places } of fleet.upstreams.map((upstream) => ({
            settings: upstream.settings,
            places: upstream.places(),
          }))) {
            for (const place of places.values()) {
              assert.ok(place.inFlight >= 0)
              if (settings.concurrency !== 'auto') assert.ok(place.inFlight <= settings.concurrency, settings.name)
            }
          }
          assert.ok(scheduler.waiting <= queueMax)
        }

        const one = async ({
          leavesAfterMs,
          holdMs,
          ending,
          tries,
          ...wish
        }: (typeof arrivals)[number]): Promise<void> => {
          const caller = new AbortController()
          const going = new AbortController()
          if (leavesAfterMs !== undefined) void world.sleep(leavesAfterMs, going.signal).then(() => caller.abort())
          const asked = ask({ ...wish, signal: caller.signal })
          const avoid = new Set<Upstream>()
          for (let tried = 0; tried < tries; tried += 1) {
            acquires += 1
            const foreseen = tried === 0 ? scheduler.explain(asked).verdict : undefined
            const before = events.length
            let lease: Lease
            try {
              const acquired = scheduler.acquire(asked, avoid)
              if (foreseen !== undefined) assert.deepEqual(happened(events.slice(before)), inShort(foreseen))
              lease = await acquired
            } catch (error) {
              if (foreseen?.action === 'refuse') assert.deepEqual(error, foreseen.fault)
              assert.equal((error as Error).name, 'Fault')
              settled += 1
              break
            }
            settled += 1
            assert.equal(avoid.has(lease.upstream), false)
            assert.ok(asked.cloud === 'allowed' || lease.upstream.settings.tier === 0)
            check()
            await world.sleep(holdMs)
            lease.end(ending, {
              firstTokenMs: holdMs / 2,
              usage: { promptTokens: wish.promptTokens, outputTokens: 50 },
            })
            lease.end('broke')
            check()
            avoid.add(lease.upstream)
          }
          going.abort()
        }

        for (const { upstream, atMs, up } of outages)
          void world.sleep(atMs).then(() => (fleet.upstreams[upstream]!.up = up))
        const all: Promise<void>[] = []
        for (const each of arrivals) {
          await world.advance(each.afterMs)
          all.push(one(each))
          check()
        }
        await world.advance(200_000)
        await Promise.all(all)
        assert.equal(settled, acquires)
        assert.equal(scheduler.waiting, 0)
        assert.equal(scheduler.waiting, 0)
        assert.deepEqual(
          fleet.upstreams.map(({ inFlight }) => inFlight),
          [0, 0, 0],
        )
        assert.equal(world.sleeping, 0, 'no timer is left behind')
      },
    ),
    { numRuns: 40 },
  )
})

/** Keeps asking for one caller, so that this many of his asks are always under way or waiting. */
function backlog(
  rig: ReturnType<typeof rigOf>,
  id: string,
  weight: number,
  depth: number,
  tookMs: number,
): { served: number } {
  const count = { served: 0 }
  const next = (): void => {
    serveFor(
      rig.world,
      rig.scheduler.acquire(rig.ask({ caller: callerOf(id, { weight }), patienceMs: Infinity })),
      tookMs,
      () => {
        count.served += 1
        next()
      },
    )
  }
  for (let at = 0; at < depth; at += 1) next()
  return count
}

test('what an ask really cost counts, not what it was thought to cost', async () => {
  const rig = rigOf({ one: {} })
  const served = { honest: 0, long: 0 }
  const next = (id: 'honest' | 'long'): void => {
    const asked = rig.ask({ caller: callerOf(id), patienceMs: Infinity, promptTokens: 100, outputTokensMax: 300 })
    void rig.scheduler.acquire(asked).then(async (lease) => {
      next(id)
      const outputTokens = id === 'long' ? 300 : 100
      await rig.world.sleep(outputTokens)
      served[id] += 1
      lease.end('served', { firstTokenMs: 0, usage: { promptTokens: 100, outputTokens } })
    })
  }
  for (let at = 0; at < 10; at += 1) for (const id of ['honest', 'long'] as const) next(id)
  await rig.world.advance(60_000)
  assert.ok(Math.abs(served.honest / served.long - 3) < 0.3, `${served.honest} to ${served.long}`)
})

for (const weight of [1, 2, 5]) {
  test(`two callers who always have more to ask get shares of 1 to ${weight}, as their weights are`, async () => {
    const rig = rigOf({ one: { concurrency: 2 }, two: { concurrency: 1 } })
    const light = backlog(rig, 'light', 1, 30, 100)
    const heavy = backlog(rig, 'heavy', weight, 30, 100)
    await rig.world.advance(20_000)
    const ratio = heavy.served / light.served
    assert.ok(Math.abs(ratio / weight - 1) < 0.1, `${heavy.served} to ${light.served}`)
    assert.ok(light.served + heavy.served > 580, 'and no place stood empty')
  })
}

test('a caller with a hundred in the queue does not make a polite one wait longer than two service times', async () => {
  const rig = rigOf({ one: {} }, 1_000)
  backlog(rig, 'greedy', 1, 100, 1_000)
  await rig.world.advance(3_300)
  const waits: number[] = []
  for (let turn = 0; turn < 10; turn += 1) {
    serveFor(rig.world, rig.scheduler.acquire(rig.ask({ caller: callerOf('polite') })), 1_000, ({ waitMs }) =>
      waits.push(waitMs),
    )
    await rig.world.advance(7_300)
  }
  assert.equal(waits.length, 10)
  assert.ok(Math.max(...waits) <= 2_000, waits.join(' '))
})

test('the same asks in the same order are always served in the same order', async () => {
  const order = async (): Promise<string> => {
    const rig = rigOf({ one: { concurrency: 2 }, two: {} })
    const served: string[] = []
    for (let at = 0; at < 60; at += 1) {
      const asked = rig.ask({
        caller: callers[at % 3]!,
        promptTokens: (at * 137) % 900,
        priority: at % 5 === 0 ? 'batch' : 'default',
      })
      serveFor(rig.world, rig.scheduler.acquire(asked), 100 + ((at * 31) % 70), ({ upstream }) =>
        served.push(`${asked.id}@${upstream.settings.name}`),
      )
    }
    await rig.world.advance(30_000)
    return served.join(' ')
  }
  assert.equal(await order(), await order())
})
