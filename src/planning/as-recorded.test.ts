import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolve } from '../config/settings.ts'
import { factsOf, settingsRow } from '../recording/settings-row.ts'
import { settingsAsRecorded } from './as-recorded.ts'

const settings = resolve({
  upstreams: [
    {
      name: 'gpu-1',
      kind: 'ollama',
      url: 'http://127.0.0.1:1',
      models: { preload: ['big'], at_once: 2 },
      concurrency: 3,
    },
    {
      name: 'sky',
      kind: 'openai',
      url: 'https://api.openai.com',
      models: { serve: { big: 'gpt-5' } },
      budget: { usd: 5, per: 'day' },
    },
  ],
  queue: { max: 20, patience: '7s', deadline: '1m' },
  teams: { lab: { cloud: 'never', budget: { tokens: 1_000, per: 'hour' } } },
  callers: [
    {
      name: 'chat',
      key: 'secret-1',
      weight: 3,
      priority: 'interactive',
      patience: '2s',
      limits: { requests_per_minute: 60 },
    },
    { name: 'night', key: 'secret-2', team: 'lab', budget: [{ gpu_seconds: 90, per: 'week' }] },
  ],
  budget: { usd: 40, per: 'month' },
  time_zone: 'Europe/Berlin',
  cloud: { request_usd: 0.5, output_tokens: 900 },
})

test('what a recording tells of a configuration is enough to be bounded as it was', () => {
  const upstreams = settings.upstreams.map((one) => ({
    settings: one,
    models: () => [{ id: 'big', contextTokens: 4_096 }],
  }))
  const facts = factsOf({ spillway: 'test', settings, upstreams, priceOf: () => undefined })
  const written = JSON.stringify(settingsRow(facts, 0))
  assert.doesNotMatch(written, /secret|127\.0\.0\.1|api\.openai/)
  const again = settingsAsRecorded(JSON.parse(written))
  for (const [index, { name, tier, concurrency, serve, preload, modelsMax, budgets }] of again.upstreams.entries()) {
    const was = settings.upstreams[index]!
    assert.deepEqual(
      { name, tier, concurrency, serve, preload, modelsMax, budgets },
      {
        name: was.name,
        tier: was.tier,
        concurrency: was.concurrency,
        serve: was.serve,
        preload: was.preload,
        modelsMax: was.modelsMax,
        budgets: untold(was.budgets),
      },
    )
    assert.deepEqual(again.upstreams[index]!.context, new Map([['big', 4_096]]))
  }
  assert.deepEqual(again.queue, { max: 20, patienceMs: 7_000, deadlineMs: 60_000 })
  for (const [index, { caller, patienceMs }] of again.callers.entries()) {
    const { caller: was, patienceMs: waited } = settings.callers[index]!
    assert.equal(patienceMs, waited)
    assert.equal(caller.team?.name, was.team?.name)
    assert.deepEqual(caller.team?.budgets, untold(was.team?.budgets))
    assert.deepEqual(caller.budgets, untold(was.budgets))
    assert.equal(caller.limits?.requestsPerMinute, was.limits?.requestsPerMinute)
    assert.deepEqual([caller.weight, caller.priority, caller.cloud], [was.weight, was.priority, was.cloud])
  }
  const { budgets, timeZone, cloudOpen, requestMostNano, outputTokensMost } = again.money!
  const was = settings.money!
  assert.deepEqual(budgets, untold(was.budgets))
  assert.deepEqual(
    [timeZone, cloudOpen, requestMostNano, outputTokensMost],
    [was.timeZone, was.cloudOpen, was.requestMostNano, was.outputTokensMost],
  )
})

/** Nobody is told of a budget in a simulation. */
const untold = (budgets: readonly object[] | undefined): readonly object[] | undefined =>
  budgets?.map((budget) => ({ ...budget, alertAt: [] }))
