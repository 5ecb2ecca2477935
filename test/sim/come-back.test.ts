import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../src/core/fault.ts'
import { createGateway } from '../../src/gateway.ts'
import { askFor } from '../../src/sim/caller.ts'
import { machine, originOf, settingsFor } from '../../src/sim/fleet.ts'
import { SimServer } from '../../src/sim/server.ts'
import { vllmLike } from '../../src/sim/server-spec.ts'
import { errandsOf, poisson, type SimCaller, usualWorkload, type Workload } from '../../src/sim/workload.ts'
import { SimWorld } from '../../src/sim/world.ts'

const person = (name: string): SimCaller => ({
  name,
  weight: 1,
  priority: 'default',
  cloud: 'allowed',
  patienceMs: 4_000,
})

const plain: Workload = {
  ...usualWorkload,
  callers: ['one', 'two', 'three'].map((name) => ({ share: 1, of: person(name) })),
  hangUps: 0,
  tools: 0,
  json: 0,
  limited: 0,
  streamed: 1,
}

interface Seen {
  refused: number
  /** Of those, how many came back when they were told to, and were served the second time. */
  cameBack: number
  servedThen: number
  tokens: number
}

/** More than fits for a while. Whoever is refused comes back once, at the time that he was told. */
async function surge(seed: number, perSecond: number, requests: number): Promise<Seen> {
  const world = new SimWorld(seed)
  const fleet = [machine(vllmLike({ engine: { slots: 4 } }), { concurrency: 4 })]
  for (const one of fleet) world.attach(originOf(one), new SimServer(one.server, world, seed, 'coarse'))
  const workload = { ...plain, arrivals: poisson(perSecond) }
  const gateway = createGateway(settingsFor(fleet, workload), { world })
  const seen: Seen = { refused: 0, cameBack: 0, servedThen: 0, tokens: 0 }
  await world.run(gateway.start())

  async function once(errand: Parameters<typeof askFor>[0]): Promise<Fault | undefined> {
    try {
      const reply = await gateway.serve(askFor(errand, gateway, new AbortController().signal))
      for await (const bytes of reply.body) void bytes
      seen.tokens += (await reply.outcome).usage.outputTokens
      return undefined
    } catch (error) {
      return Fault.from(error)
    }
  }

  async function go(errand: Parameters<typeof askFor>[0]): Promise<void> {
    const fault = await once(errand)
    if (fault === undefined) return
    assert.equal(fault.status, 429, fault.message)
    assert.ok(fault.retryAfterMs! >= 1_000, 'and says when to come back')
    seen.refused += 1
    // Beyond a minute nobody is told anything for certain.
    if (fault.retryAfterMs! >= 60_000) return
    await world.sleep(fault.retryAfterMs!)
    seen.cameBack += 1
    if ((await once(errand)) === undefined) seen.servedThen += 1
  }

  const going: Promise<void>[] = []
  const beganAt = world.now()
  await world.run(
    (async () => {
      for (const errand of errandsOf(workload, requests, (purpose) => world.chance(purpose))) {
        await world.sleep(Math.max(0, beganAt + errand.atMs - world.now()))
        going.push(go(errand))
      }
    })(),
  )
  await world.run(Promise.all(going), world.now() + 3_600_000)
  await world.run(gateway.stop())
  return seen
}

test('who is refused and comes back when he was told to is served, nine times out of ten, however many more than fit there are', async () => {
  for (const perSecond of [8, 12, 20]) {
    const sum = { refused: 0, cameBack: 0, servedThen: 0 }
    for (let seed = 1; seed <= 8; seed += 1) {
      const seen = await surge(seed, perSecond, 300)
      sum.refused += seen.refused
      sum.cameBack += seen.cameBack
      sum.servedThen += seen.servedThen
    }
    assert.ok(sum.cameBack > 100, `${sum.cameBack} came back`)
    assert.ok(
      sum.servedThen >= sum.cameBack * 0.9,
      `of ${sum.refused} refused ${sum.cameBack} came back and ${sum.servedThen} were served, at ${perSecond} a second`,
    )
  }
})
