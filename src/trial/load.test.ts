import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quantile } from '../core/quantile.ts'
import { ollamaLike, vllmLike } from '../sim/server-spec.ts'
import { closedLoop, openLoop, poissonArrivals } from './load.ts'
import { overHttp } from './over-http.ts'
import { Questions } from './question.ts'
import { type Sample, tokenMsOf, tokensBetween } from './sample.ts'
import { throughServe } from './through-serve.ts'
import { model, staged } from './world.test-helper.ts'

const never = new AbortController().signal

const questionsOf = (
  random: () => number,
  promptTokens = 256,
  outputTokens = 32,
): (() => ReturnType<Questions['next']>) => new Questions({ random, promptTokens, outputTokens }).next

test('as many are under way as the loop is wide, all the time, and each answer is a sample', async () => {
  const { world, server, gateway } = await staged(vllmLike({ models: [{ name: model, contextTokens: 8_192 }] }))
  const target = throughServe(gateway, { model })
  let most = 0
  const options = {
    concurrency: 5,
    requests: 40,
    questions: questionsOf(world.chance('questions')),
    onSample: () => (most = Math.max(most, server.load.running)),
    signal: never,
  }
  const samples = await world.run(closedLoop(world, target, options))
  assert.equal(samples.length, 40)
  assert.equal(most, 4, 'the one that has just ended is not counted any more')
  for (const { fault, firstTokenMs, totalMs, outputTokens, promptTokens, upstream } of samples) {
    assert.equal(fault, undefined)
    assert.equal(upstream, 'vllm')
    assert.ok(firstTokenMs! > 0 && firstTokenMs! <= totalMs)
    assert.ok(outputTokens >= 16 && outputTokens <= 48, `${outputTokens} tokens`)
    assert.ok(promptTokens > 100 && promptTokens < 500, `${promptTokens} tokens`)
  }
  assert.equal(server.ledger.cachedTokens, 0)
})

test('the same samples come over HTTP from the bare server as through the gateway in this process', async () => {
  const ask = async (over: 'http' | 'serve'): Promise<Sample[]> => {
    const { world, gateway } = await staged(vllmLike({ models: [{ name: model, contextTokens: 8_192 }] }))
    const target =
      over === 'serve' ? throughServe(gateway, { model }) : overHttp(world, { url: 'http://vllm.sim', model })
    const options = { concurrency: 3, requests: 9, questions: questionsOf(world.chance('questions')), signal: never }
    return world.run(closedLoop(world, target, options))
  }
  const [served, sent] = [await ask('serve'), await ask('http')]
  assert.deepEqual(
    sent,
    served.map((sample) => ({ ...sample, upstream: undefined })),
  )
})

test('whoever is turned away is a sample with the reason, and asks again no sooner than was said', async () => {
  const { world, gateway } = await staged(ollamaLike({ models: [{ name: model, contextTokens: 8_192 }] }))
  const target = throughServe(gateway, { model: 'no-such' })
  const beganAt = world.now()
  const options = { concurrency: 1, requests: 3, questions: questionsOf(world.chance('questions')), signal: never }
  const samples = await world.run(closedLoop(world, target, options))
  assert.deepEqual(
    samples.map(({ fault, atMs }) => [fault, atMs - beganAt]),
    [
      ['no-such-model', 0],
      ['no-such-model', 200],
      ['no-such-model', 400],
    ],
  )
})

test('a server where nobody listens is a fault of each question, whichever way it is asked', async () => {
  const { world } = await staged(ollamaLike())
  const target = overHttp(world, { url: 'http://nobody.sim', model })
  const options = { concurrency: 1, requests: 1, questions: questionsOf(world.chance('questions')), signal: never }
  const [sample] = await world.run(closedLoop(world, target, options))
  assert.equal(sample?.fault, 'upstream-broke')
})

test('callers of an open loop come at their times, however slow the answers are', async () => {
  const { world, gateway } = await staged(
    ollamaLike({ models: [{ name: model, contextTokens: 8_192 }], engine: { slots: 1 } }),
  )
  const target = throughServe(gateway, { model })
  const options = {
    arrivals: () => 250,
    forMs: 5_100,
    questions: questionsOf(world.chance('questions')),
    signal: never,
  }
  const beganAt = world.now()
  const samples = await world.run(openLoop(world, target, options))
  assert.deepEqual(
    samples.map(({ atMs }) => atMs - beganAt).toSorted((a, b) => a - b),
    Array.from({ length: 20 }, (_, i) => 250 * (i + 1)),
  )
})

test('callers who know nothing of one another come so often on average, and at times close together', () => {
  let draws = 0
  const gaps = Array.from({ length: 1_000 }, () => poissonArrivals(4, () => ((draws += 1) * 0.618_034) % 1)())
  const mean = gaps.reduce((sum, ms) => sum + ms, 0) / gaps.length
  assert.ok(Math.abs(mean - 250) < 10, `${mean} ms`)
  assert.ok(quantile(gaps, 0.1) < 50)
})

test('a load that is broken off ends at once, and what was under way leaves no sample', async () => {
  const { world, server, gateway } = await staged(ollamaLike({ models: [{ name: model, contextTokens: 8_192 }] }))
  const stop = new AbortController()
  void world.sleep(3_000).then(() => stop.abort())
  const target = throughServe(gateway, { model })
  const questions = questionsOf(world.chance('questions'))
  const beganAt = world.now()
  const samples = await world.run(closedLoop(world, target, { concurrency: 4, questions, signal: stop.signal }))
  assert.equal(world.now() - beganAt, 3_000)
  assert.ok(samples.length > 0)
  assert.ok(samples.every(({ fault }) => fault === undefined))
  await world.run(world.sleep(1))
  assert.equal(server.load.running, 0)
})

test('tokens between two moments are those of answers under way then, by their share', () => {
  const sample = { atMs: 0, firstTokenMs: 100, totalMs: 1_100, outputTokens: 50 } as Sample
  assert.equal(tokensBetween([sample], 0, 2_000), 50)
  assert.equal(tokensBetween([sample], 600, 2_000), 25)
  assert.equal(tokensBetween([sample], 200, 300), 5)
  assert.equal(tokensBetween([sample], 2_000, 3_000), 0)
  assert.equal(tokenMsOf(sample), 1_000 / 49)
})
