import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '../../src/core/event.ts'
import type { MoneySettings } from '../../src/core/settings.ts'
import { exampleFleet, type Machine, machine } from '../../src/sim/fleet.ts'
import { simulate } from '../../src/sim/run.ts'
import type { Stage } from '../../src/sim/simulation.ts'
import { poisson, usualWorkload } from '../../src/sim/workload.ts'

const money: MoneySettings = {
  budgets: [{ per: 'day', nano: 10_000_000_000, alertAt: [0.001, 0.002, 1] }],
  timeZone: 'UTC',
  prices: new Map([['gpt-5-mini', { input: 1_000_000, output: 5_000_000, source: 'config' }]]),
  cloudOpen: true,
  requestMostNano: undefined,
  outputTokensMost: 8_192,
  alerts: { webhook: undefined, spillShare: 0.1 },
}

const [workstation, , cloud] = exampleFleet as readonly [Machine, Machine, Machine]

/** A quarter of an hour of more than one workstation can do, and what was said of it. */
async function quarter(fleet: readonly Machine[]) {
  const events: Event[] = []
  let stage: Stage | undefined
  const report = await simulate({
    seed: 3,
    requests: 900,
    fleet,
    workload: { ...usualWorkload, arrivals: poisson(4) },
    settings: { money },
    script: (present) => {
      stage = present
      present.gateway.subscribe((event) => void events.push(event))
      return Promise.resolve()
    },
  })
  const { guardrails, treasury } = stage!.gateway
  const shares = events.flatMap((event) => (event.type === 'budget-reached' ? [event.share] : []))
  return { report, shares, troubles: guardrails.troubles.join(), spentNano: treasury.standings()[0]!.spent }
}

test('a workstation that is too small is told of, and a second one does what was said of it and more', async () => {
  const small = await quarter([workstation, cloud])
  assert.deepEqual(small.shares, [0.001, 0.002])
  assert.ok(small.spentNano > 20_000_000)
  const [, spilled = '', requests = ''] = /In the last hour (\d+) of (\d+) requests/.exec(small.troubles) ?? []
  assert.ok(Number(spilled) > 0.1 * Number(requests), small.troubles)
  const [, kept = '', of = ''] = /would have kept (\d+) or more of the (\d+) at home/.exec(small.troubles) ?? []
  assert.equal(of, spilled)
  assert.ok(Number(kept) > 0.5 * Number(spilled), small.troubles)

  const two = await quarter([workstation, machine({ ...workstation.server, name: 'second' }), cloud])
  assert.ok(two.report.spilled.requests * 900 <= Number(spilled) - Number(kept))
  assert.equal(two.troubles, '')
})
