import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolve } from '../config/settings.ts'
import { machineFor, movedIn } from '../sim/fleet.ts'
import { simulate, Violation } from '../sim/run.ts'
import { usualWorkload } from '../sim/workload.ts'
import { type Drawn, playApart } from './drawn.ts'
import { answerOf, valueOf } from './roomy-thread.ts'

const hour = { seed: 4, requests: 300, workload: usualWorkload, grain: 'coarse' } satisfies Drawn

test('what is drawn goes in a thread as it goes here', async () => {
  assert.deepEqual(await playApart(hour), await simulate(hour))
})

test('and so does a configuration of one’s own', async () => {
  const settings = resolve({
    upstreams: [
      { name: 'box', kind: 'vllm', url: 'http://127.0.0.1:8000', concurrency: 8 },
      { name: 'cloud', kind: 'openai', url: 'https://api.example', tier: 1 },
    ],
  })
  const fleet = settings.upstreams.map((upstream) => machineFor(upstream))
  const own = { ...hour, fleet, settings: movedIn(settings, fleet) } satisfies Drawn
  const { digest, upstreams } = await playApart(own)
  assert.deepEqual(Object.keys(upstreams), ['box', 'cloud'])
  assert.equal(digest, (await simulate(own)).digest)
})

test('a promise that is broken in a thread is told by its seed, and every other fault is its own', async () => {
  const answer = structuredClone(await answerOf(Promise.reject(new Violation(7, 'nobody waits'))))
  assert.throws(
    () => valueOf(answer),
    (error) => error instanceof Violation && error.seed === 7 && error.message === 'Seed 7: nobody waits',
  )
  await assert.rejects(answerOf(Promise.reject(new RangeError('too far'))), RangeError)
  assert.equal(valueOf(structuredClone(await answerOf(Promise.resolve(5)))), 5)
})
