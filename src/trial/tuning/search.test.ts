import assert from 'node:assert/strict'
import { test } from 'node:test'
import { llamacppLike, ollamaLike, type ServerSpec, vllmLike } from '../../sim/server-spec.ts'
import { closedLoop } from '../load.ts'
import { Questions } from '../question.ts'
import { tokensBetween } from '../sample.ts'
import { throughServe } from '../through-serve.ts'
import { model, staged } from '../world.test-helper.ts'
import { ladder } from './ladder.ts'
import { enoughShare } from './sweet-spot.ts'
import { max, never, tuned } from './tuned.test-helper.ts'

const models = [{ name: model, contextTokens: 8_192 }]

/** Every number of them, each for a while and from a fresh server, and the same definition of what is best. */
async function exhaustive(spec: ServerSpec): Promise<number> {
  const perSecond: number[] = []
  for (let concurrency = 1; concurrency <= max; concurrency += 1) {
    const { world, gateway } = await staged(spec)
    const target = throughServe(gateway, { model })
    const { next: questions } = new Questions({
      random: world.chance('questions'),
      promptTokens: 256,
      outputTokens: 64,
    })
    const beganAt = world.now()
    const options = { concurrency, questions, forMs: 16_000, signal: never }
    const samples = await world.run(closedLoop(world, target, options))
    perSecond.push(tokensBetween(samples, beganAt + 4_000, beganAt + 16_000))
  }
  const best = Math.max(...perSecond)
  return 1 + perSecond.findIndex((tokens) => tokens >= enoughShare * best)
}

function assertNear(found: number | undefined, exact: number, what: string): void {
  const steps = [...ladder(1_024)]
  const [below, above] = [steps.findLast((step) => step < exact) ?? 1, steps.find((step) => step > exact)!]
  assert.ok(found! >= below && found! <= above, `${what}: ${found}, and by exhaustive search ${exact}`)
}

const servers: readonly (readonly [string, ServerSpec])[] = [
  ['four slots', llamacppLike({ models, engine: { memoryTokens: 1e6 } })],
  ['five slots', ollamaLike({ models, engine: { slots: 5, memoryTokens: 1e6 } })],
  ['one after the other', ollamaLike({ models, engine: { slots: 1 } })],
  ['batching', vllmLike({ models, engine: { slots: 256, memoryTokens: 1e6 } })],
  ['reading stalls speaking', vllmLike({ models, engine: { prefillStalls: true, prefillTokensPerSecond: 3_000 } })],
]

for (const [name, spec] of servers) {
  test(`${name}: the answer is within one step of an exhaustive search`, async () => {
    const { best } = await tuned(spec)
    assertNear(best?.concurrency, await exhaustive(spec), name)
  })
}

test('a server that dies when its memory is full is not asked again, and the answer is a number that it lived with', async () => {
  const engine = { slots: 16, memoryTokens: 2_400, whenFull: 'die' } as const
  const { best, steps, stopped, server, world } = await tuned(ollamaLike({ models, engine }))
  assert.equal(stopped, 'broke')
  const broken = steps.at(-1)!
  assert.ok(broken.fault !== undefined)
  assert.ok(best!.concurrency < broken.concurrency)
  assert.ok(best!.concurrency * 320 < 2_400, `${best!.concurrency} at once`)
  const { asked } = server.ledger
  await world.run(world.sleep(60_000))
  assert.equal(server.ledger.asked, asked)
})

test('a server that tells how full its memory is is not driven to its death', async () => {
  const engine = { slots: 64, memoryTokens: 4_000, whenFull: 'die' } as const
  const { best, steps, stopped, server } = await tuned(vllmLike({ models, engine }))
  assert.equal(stopped, 'memory')
  assert.equal(server.ledger.broken, 0)
  assert.ok(steps.every(({ fault }) => fault === undefined))
  assert.ok(best!.concurrency >= 6, `${best!.concurrency} at once`)
})

test('a server that turns requests away is not pressed further', async () => {
  const spec = vllmLike({ models, faults: { error503: 0.02 } })
  const { steps, stopped, best } = await tuned(spec)
  assert.equal(stopped, 'broke')
  assert.equal(steps.at(-1)!.fault!.kind, 'upstream-busy')
  assert.notEqual(best, steps.at(-1))
})

test('where a bound on the first token or on each token asks for it, the answer is smaller', async () => {
  const spec = vllmLike({ models, engine: { slots: 256, memoryTokens: 1e6 } })
  const [free, bound] = [await tuned(spec), await tuned(spec, { bounds: { tokenMs: 20 } })]
  // 14 + 1.2 b milliseconds: five at once are within 20.
  assert.equal(bound.stopped, 'too-slow')
  assert.ok(bound.best!.concurrency >= 4 && bound.best!.concurrency <= 5, `${bound.best!.concurrency} at once`)
  assert.ok(free.best!.concurrency > 2 * bound.best!.concurrency)
  const impossible = await tuned(spec, { bounds: { firstTokenMs: 1 } })
  assert.equal(impossible.best!.concurrency, 1)
})

test('what others ask meanwhile is noticed where the server tells how busy it is', async () => {
  const spec = vllmLike({ models })
  const alone = await tuned(spec, { max: 4 })
  assert.ok(alone.steps.every(({ others }) => others === 0))
  const beside = { model, promptTokens: 100, outputTokens: 100 }
  const crowded = await tuned(spec, ({ server, world }) => {
    const stop = new AbortController()
    const work = async (): Promise<void> => {
      while (!stop.signal.aborted) await server.work(beside)
    }
    for (let one = 0; one < 3; one += 1) void work()
    void world.sleep(60_000).then(() => stop.abort())
    return { max: 4 }
  })
  assert.deepEqual(new Set(crowded.steps.map(({ others }) => others)), new Set([3]))
  const ollama = await tuned(ollamaLike({ models }), { max: 2 })
  assert.deepEqual(new Set(ollama.steps.map(({ others }) => others)), new Set([undefined]))
})

test('ended by hand, it keeps what is known, and nothing of the step that was under way', async () => {
  const stop = new AbortController()
  const seen: number[] = []
  const { steps, stopped, best, server, world } = await tuned(ollamaLike({ models, engine: { memoryTokens: 1e6 } }), {
    signal: stop.signal,
    onStep: ({ concurrency }) => {
      seen.push(concurrency)
      if (concurrency === 3) stop.abort()
    },
  })
  assert.equal(stopped, 'interrupted')
  assert.deepEqual(
    steps.map(({ concurrency }) => concurrency),
    [1, 2, 3],
  )
  assert.deepEqual(seen, [1, 2, 3])
  assert.equal(best!.concurrency, 3)
  await world.run(world.sleep(1))
  assert.equal(server.load.running, 0)
})

test('a step that is not the same throughout is measured three times, and the middle one counts', async () => {
  const spec = vllmLike({ models })
  const calm = await tuned(spec, { max: 4 })
  let isDisturbed = false
  const disturbed = await tuned(spec, ({ server, world }) => ({
    max: 4,
    onProgress: ({ concurrency, share }) => {
      if (isDisturbed || concurrency < 2 || share < 0.6) return
      isDisturbed = true
      server.slow(8)
      void world.sleep(4_000).then(() => server.slow(1))
    },
  }))
  assert.deepEqual(
    [calm, disturbed].map(({ steps }) => steps.map(({ times }) => times)),
    [
      [1, 1, 1, 1],
      [1, 3, 1, 1],
    ],
  )
  const [usual, seen] = [calm, disturbed].map(({ steps }) => steps[1]!.tokensPerSecond)
  assert.ok(Math.abs(seen! / usual! - 1) < 0.05, `${seen} tokens/s beside ${usual}`)
})

test('a machine that is slower at the end than it was is noticed', async () => {
  const spec = vllmLike({ models })
  const { drift: calm } = await tuned(spec, { max: 3 })
  assert.ok(Math.abs(calm! - 1) < 0.05, `${calm} times`)
  const { drift, stopped } = await tuned(spec, ({ server }) => ({
    max: 3,
    onStep: ({ concurrency }) => {
      if (concurrency === 3) server.slow(3)
    },
  }))
  assert.equal(stopped, 'max')
  assert.ok(Math.abs(drift! - 1 / 3) < 0.05, `${drift} times`)
})

test('one that fails when the answer is checked is not the answer', async () => {
  const { best, stopped, steps } = await tuned(vllmLike({ models }), ({ server }) => ({
    max: 3,
    onStep: ({ concurrency }) => {
      if (concurrency === 3) server.faults = { error500: 1 }
    },
  }))
  assert.equal(stopped, 'broke')
  assert.equal(best!.concurrency, 2)
  assert.equal(steps.at(-1)!.fault!.kind, 'upstream-broke')
})
