import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serve } from '../cli/rig.ts'
import { sharedPostgres, skipWithoutPostgres } from './server.ts'
import { ask, askForTheRest, billed, budgetNano, cloudFor, standing } from './spenders.ts'

const postgres = sharedPostgres()

test(
  'two gateways spend one budget together, all of it and never more, by the count of the cloud',
  skipWithoutPostgres,
  async (t) => {
    const url = postgres.fresh()
    const { cloud, config } = await cloudFor(t, url)
    const gateways = await Promise.all([serve(t, config), serve(t, config)])
    await Promise.all(Array.from({ length: 40 }, (_, n) => ask(gateways[n % 2]!)))
    await askForTheRest(gateways)
    const nano = billed(cloud)
    assert.ok(nano <= budgetNano, `${nano} of ${budgetNano}`)
    // Nothing is left of it that would have bought a good answer.
    assert.ok(nano > 0.9 * budgetNano, `${nano} of ${budgetNano}`)
    assert.deepEqual(standing(postgres, url), [nano, 0])
  },
)
