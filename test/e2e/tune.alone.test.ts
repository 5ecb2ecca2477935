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
const tries = 3
/** On a machine that is its own one try takes a third of this. */
const patienceMs = 55_000

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

/** Tokens a second for each number of requests at once, from the bare server: up and down again, since machines stray. */
async function everyNumber(world: World, url: string, signal: AbortSignal): Promise<readonly number[]> {
  const target = overHttp(world, { url, model })
  const { next: questions } = new Questions({ random: Math.random, ...size })
  const numbers = Array.from({ length: max }, (_, index) => index + 1)
  const perSecond = numbers.map(() => 0)
  for (const concurrency of [...numbers, ...numbers.toReversed()]) {
    const fromMs = world.now() + spanMs / 2
    const toMs = fromMs + spanMs
    const options = { concurrency, forMs: toMs - world.now(), questions, signal }
    const tokens = tokensBetween(await closedLoop(world, target, options), fromMs, toMs)
    perSecond[concurrency - 1]! += (tokens * 1_000) / (2 * spanMs)
  }
  return perSecond
}

/** By the definition, with a share of the best in place of the usual one. */
const spotIn = (perSecond: readonly number[], share: number): number =>
  1 + perSecond.findIndex((tokens) => tokens >= share * Math.max(...perSecond))

/** What one number gives is known to so much, and so is what is 95 of a hundred of the best. */
const noise = 0.1

interface Trial {
  readonly isRight: boolean
  readonly said: string
}

async function trial(world: World, url: string, signal: AbortSignal): Promise<Trial> {
  const { best, steps, stopped } = await tuned(world, url, signal)
  const perSecond = await everyNumber(world, url, signal)
  const oneByOne = `one by one: ${perSecond.map((tokens) => Math.round(tokens)).join(' ')}`
  const said = [`${best?.concurrency}`, ...steps.map(stepLine), oneByOne].join('; ')
  if (signal.aborted) return { isRight: false, said }
  assert.ok(
    steps.every(({ fault, answers }) => fault === undefined && answers > 0),
    stopped,
  )
  const shares = [enoughShare - noise, Math.min(0.99, enoughShare + noise)]
  const [least, most] = shares.map((share) => spotIn(perSecond, share))
  const numbers = [...ladder(1_024)]
  const from = numbers.findLast((number) => number < least!) ?? 1
  const to = numbers.find((number) => number > most!)!
  return { isRight: best!.concurrency >= from && best!.concurrency <= to, said }
}

suite('Before a real llama-server of four slots', { skip }, () => {
  test('tune finds the number that an exhaustive search finds, to one step', async (t) => {
    // Large enough that much of the work is to read the model, which several answers at once have in common.
    const shape = [...reciting(1_500), '--width', '384', '--layers', '3', '--ff', '1536'] as const
    const { origin, pid } = await llama(t, shape, '-np', '4')
    const real = realWorld()
    t.after(() => real.close())
    const world = workingTime(real, pid)
    const late = AbortSignal.timeout(patienceMs)
    // A machine that others share strays between one measurement and the next; a wrong search is wrong every time.
    for (let left = tries; left > 0; left -= 1) {
      const { isRight, said } = await trial(world, origin, late)
      if (late.aborted) {
        t.skip(`other work on this machine leaves no time for it: ${said}`)
        return
      }
      t.diagnostic(said)
      if (isRight) return
    }
    assert.fail(`in ${tries} tries the two never agreed`)
  })
})
