import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ask } from '../core/ask.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import { answerOf, FakeWorld } from './fake-world.test-helper.ts'
import { Fleet } from './fleet.ts'
import { anything, settingsOf } from './settings.test-helper.ts'
import { unknownModel } from './unknown-model.ts'

const asked = { model: 'x', caller: { models: undefined } } as unknown as Ask

/** A server that has the model `a` and one that does not answer before the test lets it. */
async function slowPair(t: { after(end: () => void): void }, slow: Partial<UpstreamSettings> = {}) {
  const world = new FakeWorld()
  let isSlow = true
  world.answer = ({ origin }) =>
    isSlow && origin.endsWith('two') ? new Promise(() => {}) : Promise.resolve(answerOf(200, ['a']))
  const upstreams = [settingsOf('one'), settingsOf('two', slow)]
  const fleet = new Fleet({ upstreams, world, emit() {}, probeEveryMs: 10_000, canOf: anything })
  t.after(() => fleet.stop())
  const started = fleet.start()
  await world.advance(4_000)
  await started
  return { world, fleet, turn: (slowness: boolean) => (isSlow = slowness) }
}

test('a model is not unknown while a server that may have it has been too slow to say so', async (t) => {
  const { world, fleet, turn } = await slowPair(t)
  const fault = unknownModel(fleet, asked)
  assert.deepEqual([fault.kind, fault.status, fault.retryAfterMs], ['no-upstream', 503, 1_000])
  assert.match(fault.message, /"x".* not all have answered yet: two\. Available: a\./)
  turn(false)
  await world.advance(5_000)
  assert.equal(unknownModel(fleet, asked).status, 404)
  // What it had before it went, it has told.
  turn(true)
  await world.advance(30_000)
  assert.equal(fleet.upstreams[1]!.up, false)
  assert.equal(unknownModel(fleet, asked).kind, 'no-such-model')
})

test('nor is a name that nobody lists in doubt for ever because a server is never switched on', async (t) => {
  const { world, fleet } = await slowPair(t)
  await world.advance(50_000)
  assert.equal(unknownModel(fleet, asked).status, 503)
  await world.advance(10_000)
  assert.equal(unknownModel(fleet, asked).status, 404)
})

test('a server whose models are configured is not waited for', async (t) => {
  const { fleet } = await slowPair(t, { serve: new Map([['b', 'b']]) })
  const fault = unknownModel(fleet, asked)
  assert.deepEqual([fault.kind, fault.message], ['no-such-model', 'No server has the model "x". Available: a.'])
})
