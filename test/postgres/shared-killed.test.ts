import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { spillway } from '../../src/cli/process.test-helper.ts'
import { serve } from '../cli/rig.ts'
import { sharedPostgres, skipWithoutPostgres } from './server.ts'
import { ask, askForTheRest, billed, budgetNano, cloudFor, mostNano, standing } from './spenders.ts'
import { verified } from './verified.ts'

const postgres = sharedPostgres()

test(
  'a gateway that is killed while it spends takes nothing from the budget but what its requests may have cost',
  skipWithoutPostgres,
  async (t) => {
    const url = postgres.fresh()
    const { cloud, config } = await cloudFor(t, url)
    const [one, other] = await Promise.all([serve(t, config), serve(t, config)])
    const asked = Array.from({ length: 40 }, async (_, n) => {
      await sleep(n * 10)
      return ask(n % 2 === 0 ? one : other)
    })
    await sleep(250)
    one.running.child.kill('SIGKILL')
    const statuses = await Promise.all(asked)
    assert.ok(statuses.includes(0), 'some were under way')
    const again = spillway(t, ['serve'], { cwd: one.cwd })
    const [, address] = await again.says(/Spillway listens on (http:\S+) /)
    await askForTheRest([{ url: address! }, other])

    const [spentNano, heldNano] = standing(postgres, url)
    assert.equal(heldNano, 0)
    assert.ok(spentNano <= budgetNano, `${spentNano} of ${budgetNano}`)
    assert.ok(spentNano > 0.9 * budgetNano, `${spentNano} of ${budgetNano}`)
    // Of an answer that a dead process was hearing, nobody knows what came after the last word of it that was noted.
    const lost = statuses.filter((status) => status === 0).length
    assert.ok(billed(cloud) <= spentNano + lost * mostNano, `${billed(cloud)} of ${spentNano}`)
    assert.deepEqual((await verified(url)).problems, [])
  },
)
