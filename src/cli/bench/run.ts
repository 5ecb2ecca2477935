import { chanceOf } from '../../sim/chance.ts'
import { Questions } from '../../trial/question.ts'
import { scenarios } from '../../trial/scenarios/index.ts'
import type { Field, Plan, Result, Scenario } from '../../trial/scenarios/scenario.ts'
import { warmUp } from '../../trial/tuning/warm-up.ts'
import type { Redrawn } from '../redrawn.ts'
import { type BenchOptions, BenchFault } from './options.ts'
import { costLine, planLines } from './plan.ts'
import type { Site } from './site.ts'

/** A scenario and what came out of it. */
export interface Played extends Result {
  readonly scenario: Scenario
  readonly tookMs: number
}

export interface Audience {
  readonly signal: AbortSignal
  readonly line: Redrawn
}

/** Runs the scenarios that are wanted, one after the other; resolves with those that were begun. */
export async function play(site: Site, options: BenchOptions, { signal, line }: Audience): Promise<Played[]> {
  const { world, gateway, direct, model, about, isSpill } = site
  const { seed, promptTokens, outputTokens, seconds, max: atOnceMost, scenario: wanted } = options
  const chance: Field['chance'] = (purpose) => chanceOf(seed, purpose)
  const questions = new Questions({ random: chance('questions'), promptTokens, outputTokens })
  const through = direct === undefined ? '' : ' and straight from the servers'
  line.say(`Measures ${model}, through ${about.text}${through}.`)
  line.say(`Brings ${model} into memory, where it is not there yet.`)
  const answerMs = await warmed(site, questions, signal)
  if (signal.aborted) return []

  const chosen = scenarios.filter(({ name }) => wanted === undefined || wanted.includes(name))
  const size = { forMs: seconds * 1_000, atOnceMost, patienceMs: site.patienceMs, answerMs }
  const plan: Plan = { ...size, hasDirect: direct !== undefined }
  for (const text of planLines(chosen, plan)) line.say(text)
  const cost = costLine(site, plan, options)
  if (cost !== undefined) line.say(cost)
  const say = (text: string): void => line.draw(text, world.now())
  const field: Field = { ...size, world, gateway, direct, questions, chance, capacity: undefined, isSpill, signal, say }
  const played: Played[] = []
  for (const one of chosen) {
    if (signal.aborted) break
    line.say(`${one.title}.`)
    const beganAt = world.now()
    played.push({ ...(await one.run(field)), scenario: one, tookMs: world.now() - beganAt })
  }
  return played
}

/** Loads the model wherever it is going to be asked, and tells how long one answer takes alone. */
async function warmed(
  { gateway, direct, model, about }: Site,
  questions: Questions,
  signal: AbortSignal,
): Promise<number> {
  const failed = await warmUp(gateway, questions, signal)
  if (failed !== undefined && !signal.aborted)
    throw new BenchFault(`${model} is not answered through ${about.text}: ${failed.complaint ?? failed.fault}`)
  let answerMs = 0
  for (const name of direct?.names ?? []) {
    if (signal.aborted) break
    const { fault, complaint } = await direct!.askAt(name, { ...questions.next(), outputTokens: 2 }, signal)
    if (fault !== undefined && !signal.aborted)
      throw new BenchFault(
        `${name} does not answer with ${model} by itself: ${complaint ?? fault}. --no-direct leaves that out.`,
      )
    answerMs = Math.max(answerMs, (await direct!.askAt(name, questions.next(), signal)).totalMs)
  }
  return Math.max(answerMs, (await gateway.ask(questions.next(), signal)).totalMs)
}
