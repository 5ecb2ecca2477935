/** The sweet spot of a real llama-server, as tune finds it, beside every number tried one after the other. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { resolve } from '../../src/config/settings.ts'
import type { World } from '../../src/core/world.ts'
import { createGateway } from '../../src/gateway.ts'
import { realWorld } from '../../src/http/world.ts'
import { closedLoop } from '../../src/trial/load.ts'
import { overHttp } from '../../src/trial/over-http.ts'
import { Questions } from '../../src/trial/question.ts'
import { tokensBetween } from '../../src/trial/sample.ts'
import { throughServe } from '../../src/trial/through-serve.ts'
import { aloneIn, strictly } from '../../src/trial/tuning/alone.ts'
import { Company } from '../../src/trial/tuning/company.ts'
import { ladder } from '../../src/trial/tuning/ladder.ts'
import { stepLine } from '../../src/cli/tune-view.ts'
import { tune, type Tuning } from '../../src/trial/tuning/search.ts'
import { enoughShare } from '../../src/trial/tuning/sweet-spot.ts'
import { warmUp } from '../../src/trial/tuning/warm-up.ts'
import { llama, missing, reciting } from './llama.ts'

const skip =
  (await missing()) || (!existsSync('/proc/self/task') && 'this system does not tell what a process has worked')

const max = 6
const model = 'real'
const size = { promptTokens: 40, outputTokens: 48 }
const spanMs = 700
/** On a machine that is its own it takes a third of this. */
const patienceMs = 75_000

/**
 * The world as it is, with the time that a server has worked for its clock: what else this machine does meanwhile makes it
 * wait, and no slower.
 */
function workingTime(world: World, pid: number): World {
  let readAt = -Infinity
  let workedMs = 0
  return {
    ...world,
    now() {
      const now = world.now()
      if (now - readAt >= 4) {
        readAt = now
        const tasks = readdirSync(`/proc/${pid}/task`)
        workedMs = tasks.reduce((sum, task) => sum + workedBy(`/proc/${pid}/task/${task}/schedstat`), 0)
      }
      return workedMs
    },
  }
}

function workedBy(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e6
  } catch {
    // It has just ended.
    return 0
  }
}

async function tuned(world: World, url: string, signal: AbortSignal): Promise<Tuning> {
  const settings = resolve({ upstreams: [{ name: 'box', kind: 'llamacpp', url }] })
  const gateway = createGateway(aloneIn(settings, settings.upstreams[0]!, max), { world })
  await gateway.start()
  const [upstream] = gateway.fleet.upstreams
  const target = strictly(throughServe(gateway, { model }), gateway)
  const questions = new Questions({ random: Math.random, ...size })
  const company = new Company({ world, look: undefined, ours: () => upstream!.inFlight })
  await warmUp(target, questions, signal)
  const options = { world, target, questions: questions.next, company, max, bounds: {}, spanMs, signal }
  const tuning = await tune(options)
  await gateway.stop()
  return tuning
}

/** Tokens a second for each number of requests at once, from the bare server. */
async function everyNumber(world: World, url: string, signal: AbortSignal): Promise<readonly number[]> {
  const target = overHttp(world, { url, model })
  const { next: questions } = new Questions({ random: Math.random, ...size })
  const perSecond: number[] = []
  for (let concurrency = 1; concurrency <= max; concurrency += 1) {
    const fromMs = world.now() + spanMs / 2
    const toMs = fromMs + spanMs
    const options = { concurrency, forMs: toMs - world.now(), questions, signal }
    perSecond.push((tokensBetween(await closedLoop(world, target, options), fromMs, toMs) * 1_000) / spanMs)
  }
  return perSecond
}

/** By the definition, with a share of the best in place of the usual one. */
const spotIn = (perSecond: readonly number[], share: number): number =>
  1 + perSecond.findIndex((tokens) => tokens >= share * Math.max(...perSecond))

/** What one number gives is known to so much, and so is what is 95 of a hundred of the best. */
const noise = 0.06

suite('Before a real llama-server of four slots', { skip }, () => {
  test('tune finds the number that an exhaustive search finds, to one step', async (t) => {
    // Large enough that much of the work is to read the model, which several answers at once have in common.
    const shape = [...reciting(1_500), '--width', '384', '--layers', '3', '--ff', '1536'] as const
    const { origin, pid } = await llama(t, shape, '-np', '4')
    const real = realWorld()
    t.after(() => real.close())
    const world = workingTime(real, pid)
    const late = AbortSignal.timeout(patienceMs)
    const { best, steps, stopped } = await tuned(world, origin, late)
    const perSecond = await everyNumber(world, origin, late)
    const said = [...steps.map(stepLine), `one by one: ${perSecond.map((tokens) => Math.round(tokens)).join(' ')}`]
    if (late.aborted) {
      t.skip(`other work on this machine leaves no time for it: ${said.join('; ')}`)
      return
    }
    t.diagnostic(said.join('; '))
    assert.ok(
      steps.every(({ fault, answers }) => fault === undefined && answers > 0),
      stopped,
    )
    const shares = [enoughShare - noise, Math.min(0.99, enoughShare + noise)]
    const [least, most] = shares.map((share) => spotIn(perSecond, share))
    const numbers = [...ladder(1_024)]
    const from = numbers.findLast((number) => number < least!) ?? 1
    const to = numbers.find((number) => number > most!)!
    assert.ok(best!.concurrency >= from && best!.concurrency <= to, `${best!.concurrency}: ${said.join('; ')}`)
  })
})
