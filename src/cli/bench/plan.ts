import { amountIn } from '../../plots/amount.ts'
import type { Plan, Scenario } from '../../trial/scenarios/scenario.ts'
import type { Site } from './site.ts'
import type { BenchOptions } from './options.ts'

/** What is going to be done, and for how long. */
export function planLines(chosen: readonly Scenario[], plan: Plan): string[] {
  const parts = chosen.map((scenario) => `${scenario.name} ${about(scenario.lastsMs(plan))}`)
  const all = chosen.reduce((sum, scenario) => sum + scenario.lastsMs(plan), 0)
  return [
    `One answer takes ${amountIn(plan.answerMs, 'ms')} alone. About ${about(all)} in all: ${parts.join(', ')}.`,
    'The servers are busy meanwhile, and others who use them wait longer. Ctrl-C ends it and tells what is known by then.',
  ]
}

const about = (ms: number): string => (ms < 100_000 ? `${Math.ceil(ms / 1_000)} s` : `${Math.ceil(ms / 60_000)} min`)

/** What it may cost, before anything is asked; undefined where nothing does. */
export function costLine(
  { paid, dollarsFor }: Site,
  plan: Plan,
  { promptTokens, outputTokens, max }: BenchOptions,
): string | undefined {
  if (paid === undefined) return undefined
  // All that comes while there is too much to do, and half of what comes together: more cannot go there.
  const requests = Math.ceil((2 * max * plan.forMs) / Math.max(1, plan.answerMs)) + max
  const dollars = dollarsFor(promptTokens, outputTokens)
  const cost = dollars === undefined ? 'what that costs is not known' : `about $${(requests * dollars).toFixed(2)}`
  return `Servers that cost money are asked too: no more than some ${requests} requests, ${cost}. ${paid}`
}
