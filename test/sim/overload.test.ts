import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../src/core/fault.ts'
import { dialectById } from '../../src/dialects/index.ts'
import { createGateway } from '../../src/gateway.ts'
import { machine, originOf, settingsFor } from '../../src/sim/fleet.ts'
import { SimServer } from '../../src/sim/server.ts'
import { vllmLike } from '../../src/sim/server-spec.ts'
import { usualWorkload } from '../../src/sim/workload.ts'
import { SimWorld } from '../../src/sim/world.ts'
import { type Overloaded, overload } from '../storms/overload.ts'

const slots = 8
const words = 20
const stepMs = 20

async function surge(seed: number, times: number): Promise<Overloaded> {
  const world = new SimWorld(seed)
  const engine = { slots, stepMs: [[0, stepMs] as const, [1_000, stepMs] as const], loadMs: 0 }
  const fleet = [machine(vllmLike({ engine }), { concurrency: slots })]
  for (const one of fleet) world.attach(originOf(one), new SimServer(one.server, world, seed))
  const gateway = createGateway(settingsFor(fleet, { ...usualWorkload, callers: [] }), { world })
  await world.run(gateway.start())
  const dialect = dialectById('openai-chat')!
  const body = {
    model: 'llama3.1:8b',
    stream: true,
    max_tokens: words,
    messages: [{ role: 'user', content: `Say ${words} words.` }],
  }
  const chance = world.chance('overload')
  const run = overload(
    {
      now: () => world.now(),
      sleep: (ms) => world.sleep(ms),
      random: chance,
      ask: async (priority) => {
        const { signal } = new AbortController()
        try {
          const reply = await gateway.serve(
            gateway.ask({ dialect, body, caller: gateway.identify(undefined), signal, priority }),
          )
          for await (const bytes of reply.body) void bytes
          return { served: true, retryAfterMs: undefined }
        } catch (error) {
          return { served: false, retryAfterMs: Fault.from(error).comeBackMs }
        }
      },
    },
    {
      perSecond: (slots / (words * stepMs)) * 1_000,
      answerMs: words * stepMs,
      times,
      seconds: { full: 8, over: 12, after: 12 },
      retries: 3,
    },
  )
  const seen = await world.run(run, world.now() + 600_000)
  await world.run(gateway.stop())
  return seen
}

for (const times of [2, 10]) {
  test(`with ${times} times too much to do and callers who do not give up, as much is done as ever, and the urgent are served`, async (t) => {
    for (const seed of [1, 2]) {
      const seen = await surge(seed, times)
      const { peak, goodput, topServed, topAtOnce, recoveryMs, refusals } = seen
      t.diagnostic(JSON.stringify({ seed, peak, goodput, topServed, topAtOnce, recoveryMs, refusals }))
      assert.ok(goodput >= 0.95 * peak, `${goodput} a second of ${peak}`)
      assert.ok(topServed >= 0.994, `${topServed} of the urgent`)
      assert.ok(recoveryMs <= 10_000, `${recoveryMs} ms until all was well`)
    }
  })
}
