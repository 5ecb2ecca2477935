import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SimServer } from '../../src/sim/server.ts'
import type { Stage } from '../../src/sim/simulation.ts'
import { usualModel } from '../../src/sim/workload.ts'
import { type Busy, during, keepBusy, mean, tokensPerSecond } from './busy.ts'
import { card, fromWrongStarts, large, linedMost, shareRight, wrongStartKinds } from './wrong-starts.ts'

/** `npm run nightly -- limits` runs as many more as one likes. */
const seeds = Array.from({ length: 5 }, (_, at) => at + 1)

for (const kind of wrongStartKinds)
  test(`from a wrong start the limit of a busy server is right within 30 s and stays it: ${kind}`, async () => {
    const { wrong, lined } = await fromWrongStarts(kind, seeds)
    assert.deepEqual(wrong, [])
    assert.ok(lined <= linedMost, `for each slot ${lined} stood in line inside`)
  })

/** Tokens said in some spans of time, as shares of what the best fixed limit gets done in them. */
async function compared(busy: Busy, spans: readonly (readonly [fromMs: number, untilMs: number])[]) {
  const found = await keepBusy({ start: 8, ...busy })
  const best = await keepBusy({ ...busy, pinned: busy.slots })
  const shares = spans.map(
    ([fromMs, untilMs]) =>
      tokensPerSecond(during(found, fromMs, untilMs)) / tokensPerSecond(during(best, fromMs, untilMs)),
  )
  return { found, shares }
}

const troubled = [
  { kind: 'ollama', slots: 4, perSecond: card[4] },
  { kind: 'generic', slots: 4, perSecond: large[4] },
] as const

for (const one of troubled) {
  test(`a machine that grows hot and works at half its speed keeps its limit: ${one.kind}`, async () => {
    const trouble = async ({ world }: Stage, server: SimServer): Promise<void> => {
      await world.sleep(40_000)
      server.slow(2)
      await world.sleep(120_000)
      server.slow(1)
    }
    for (const seed of [1, 2]) {
      const { found, shares } = await compared({ ...one, seed, forMs: 200_000, trouble }, [
        [40_000, 160_000],
        [160_000, 200_000],
      ])
      assert.ok(Math.min(...shares) >= 0.9, `seed ${seed}: ${shares.join(' ')} of the work`)
      assert.ok(mean(during(found, 40_000, 200_000), ({ limit }) => limit) >= 3.5)
    }
  })

  test(`a crash is not crowding: ${one.kind}`, async () => {
    const trouble = async ({ world }: Stage, server: SimServer): Promise<void> => {
      await world.sleep(40_000)
      server.crash()
      await world.sleep(5_000)
      server.restart()
    }
    for (const seed of [1, 2]) {
      const { found, shares } = await compared({ ...one, seed, forMs: 120_000, trouble }, [[50_000, 120_000]])
      assert.ok(Math.min(...shares) >= 0.9, `seed ${seed}: ${shares.join(' ')} of the work`)
      assert.ok(shareRight(during(found, 40_000, 120_000), one.slots) >= 0.85)
    }
  })
}

/** Somebody else keeps so many jobs on the machine for a while. */
const tenant = (jobs: number, fromMs: number, forMs: number) => async (stage: Stage, server: SimServer) => {
  const { world } = stage
  const chance = world.chance('tenant')
  await world.sleep(fromMs)
  const until = world.now() + forMs
  const keepOn = async (): Promise<void> => {
    while (world.now() < until) {
      const [prompt, output] = [chance(), chance()]
      const promptTokens = 200 + Math.floor(prompt * 400)
      await server.work({ model: usualModel, promptTokens, outputTokens: 20 + Math.floor(output * 40) })
    }
  }
  await Promise.all(Array.from({ length: jobs }, keepOn))
}

const shared = [
  // The first two tell of the others, the last one does not.
  { kind: 'vllm', slots: 4, perSecond: large[4], most: 2.6 },
  { kind: 'llamacpp', slots: 4, perSecond: card[4], most: 2.4 },
  { kind: 'generic', slots: 4, perSecond: large[4], most: 3.6 },
] as const

for (const { most, ...one } of shared) {
  test(`with a second tenant the limit goes down, and comes back when he has left: ${one.kind}`, async () => {
    for (const seed of [1, 2]) {
      const trouble = tenant(one.slots / 2, 40_000, 80_000)
      const moments = await keepBusy({ ...one, seed, forMs: 190_000, start: 4, trouble })
      const meanwhile = mean(during(moments, 50_000, 120_000), ({ limit }) => limit)
      assert.ok(meanwhile <= most && meanwhile >= 1, `seed ${seed}: it was ${meanwhile} beside him`)
      const afterwards = during(moments, 160_000, 190_000)
      assert.ok(shareRight(afterwards, one.slots) >= 0.75, `seed ${seed}: it was not back`)
    }
  })
}

test('others who fill a whole server leave us one place in its line', async () => {
  const trouble = tenant(6, 10_000, 60_000)
  const machine = { kind: 'llamacpp', slots: 4, perSecond: 4 } as const
  const moments = during(await keepBusy({ ...machine, seed: 1, forMs: 60_000, trouble }), 20_000, 60_000)
  assert.deepEqual([...new Set(moments.map(({ limit }) => limit))], [1])
  assert.ok(moments.at(-1)!.tokens > moments[0]!.tokens)
})
