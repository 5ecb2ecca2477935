/** The sweet spot of a real llama-server, found by the command, beside every number tried one after the other. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { spillway } from '../../src/cli/process.test-helper.ts'
import { realWorld } from '../../src/http/world.ts'
import { closedLoop } from '../../src/trial/load.ts'
import { overHttp } from '../../src/trial/over-http.ts'
import { Questions } from '../../src/trial/question.ts'
import { tokensBetween } from '../../src/trial/sample.ts'
import { ladder } from '../../src/trial/tuning/ladder.ts'
import { enoughShare } from '../../src/trial/tuning/sweet-spot.ts'
import { counting, llama, missing } from './llama.ts'

const skip = await missing()

const max = 6
const size = { promptTokens: 40, outputTokens: 32 }
const spanMs = 1_000

/** Tokens a second for each number of requests at once. */
async function everyNumber(url: string): Promise<readonly number[]> {
  const world = realWorld()
  const target = overHttp(world, { url, model: 'real' })
  const { next: questions } = new Questions({ random: Math.random, ...size })
  const perSecond: number[] = []
  for (let concurrency = 1; concurrency <= max; concurrency += 1) {
    const fromMs = world.now() + spanMs / 4
    const toMs = fromMs + spanMs
    const forMs = toMs - world.now()
    const options = { concurrency, forMs, questions, signal: new AbortController().signal }
    perSecond.push((tokensBetween(await closedLoop(world, target, options), fromMs, toMs) * 1_000) / spanMs)
  }
  await world.close()
  return perSecond
}

/** By the definition, with a share of the best in place of the usual one. */
const spotIn = (perSecond: readonly number[], share: number): number =>
  1 + perSecond.findIndex((tokens) => tokens >= share * Math.max(...perSecond))

interface Told {
  readonly concurrency: number
  readonly warnings: readonly string[]
  readonly steps: readonly {
    readonly concurrency: number
    readonly fault: string | null
    readonly answers: number
    readonly tokens_per_second: number
  }[]
}

/** What one number gives is known to so much, and so is what is 95 of a hundred of the best. */
const noise = 0.08

suite('Before a real llama-server of four slots', { skip }, () => {
  test('tune finds the number that an exhaustive search finds, to one step', async (t) => {
    // Large enough that most of the work is to read the model, which several answers at once have in common.
    const { origin } = await llama(t, counting, '-np', '4')
    const words = ['tune', '--url', origin, '--kind', 'llamacpp', '--json', '--max', `${max}`, '--seconds', '0.8']
    const sizes = ['--prompt-tokens', `${size.promptTokens}`, '--output-tokens', `${size.outputTokens}`]
    const ended = await spillway(t, [...words, ...sizes]).ended
    assert.equal(ended.code, 0, ended.err)
    const { concurrency, steps, warnings } = JSON.parse(ended.out) as Told
    assert.ok(
      steps.every(({ fault, answers }) => fault === null && answers > 0),
      ended.out,
    )
    const perSecond = await everyNumber(origin)
    const said = `${concurrency}; tokens/s from one on: ${perSecond.map(Math.round).join(' ')}\n${ended.err}`
    const isSteady = steps.every(
      (step) => Math.abs(perSecond[step.concurrency - 1]! / step.tokens_per_second - 1) < 3 * noise,
    )
    if (warnings.length > 0 || !isSteady) {
      t.skip(`other work on this machine takes its time, and nothing can be compared: ${said}`)
      return
    }
    const [least, most] = [enoughShare - noise, Math.min(0.99, enoughShare + noise)].map((share) =>
      spotIn(perSecond, share),
    )
    const numbers = [...ladder(1_024)]
    const from = numbers.findLast((number) => number < least!) ?? 1
    const to = numbers.find((number) => number > most!)!
    assert.ok(concurrency >= from && concurrency <= to, said)
  })
})
