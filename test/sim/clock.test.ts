import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chanceOf } from '../../src/sim/chance.ts'
import { simulate } from '../../src/sim/run.ts'
import type { Stage } from '../../src/sim/simulation.ts'
import { mixNames, mixOf, simulationOf } from './mixes.ts'

const hourMs = 3_600_000
const jumps = [1_000, -1_000, hourMs, -hourMs, 30 * 24 * hourMs, -30 * 24 * hourMs]

/** For a minute, somebody sets the clock on the wall twice a second. */
async function jumping({ world, seed }: Stage): Promise<void> {
  const chance = chanceOf(seed, 'clock')
  for (let jump = 0; jump < 60; jump += 1) {
    await world.sleep(1_000 * chance())
    world.setDate(jumps[Math.floor(chance() * jumps.length)]!)
  }
}

test('a clock that jumps by hours and months changes nothing of who is served when, and by whom', async () => {
  for (let seed = 1; seed <= mixNames.length; seed += 4) {
    const simulation = simulationOf(seed, 40)
    const calm = await simulate(simulation)
    const { script } = simulation
    const wild = await simulate({
      ...simulation,
      script: async (stage) => {
        void jumping(stage)
        await script?.(stage)
      },
    })
    assert.deepEqual(wild, calm, mixOf(seed))
  }
})
