import type { RecordedUpstream } from '../../recording/rows.ts'
import type { ServerOptions } from '../../sim/server-spec.ts'
import { mostAtOnce } from './sample.ts'
import { isSeen, type Stay } from './stays.ts'

export interface Judged {
  readonly upstream: RecordedUpstream
  readonly all: readonly Stay[]
  readonly machine: ServerOptions
  readonly isCloud: boolean
}

/** Prompts that differ by less than this say little of how fast they are read. */
const promptsApart = 3

/** What a recording could not show of a server, in sentences: whoever plans with it should know. */
export function doubtsOf({ upstream: { concurrency }, all, machine: { engine = {} }, isCloud }: Judged): string[] {
  const doubts: string[] = []
  const models = Map.groupBy(all, ({ model }) => model)
  const most = mostAtOnce(all)
  if (isCloud) doubts.push('Somebody else runs it: what it does with more requests than these is not known.')
  else {
    const slots = engine.slots ?? most
    if (slots > most) doubts.push(`Never more than ${most} at once: what ${slots} would do is a guess.`)
    else doubts.push(`What more than ${Math.max(slots, most)} at once would do is not known.`)
    if (engine.cacheBlocks === undefined)
      doubts.push('How many prompts it remembers did not show: it is taken to be as usual for its kind.')
    if (engine.loadMs === undefined)
      doubts.push('It was not seen loading a model: that takes as long as usual for its kind.')
  }
  if (models.size > 1) {
    const [main, its] = [...models].reduce((best, one) => (one[1].length > best[1].length ? one : best))
    const share = Math.round((its.length * 100) / all.length)
    doubts.push(`${models.size} models in one number: ${share} % of what it speaks of is ${main}.`)
  }
  const prompts = all.filter(isSeen).map(({ readTokens }) => readTokens)
  prompts.sort((one, other) => one - other)
  const [short, long] = [prompts[Math.floor(prompts.length * 0.1)] ?? 1, prompts[Math.floor(prompts.length * 0.9)] ?? 1]
  if (long < short * promptsApart)
    doubts.push(`Its prompts were all of ${short} to ${long} tokens: how fast longer ones are read is a guess.`)
  const uncounted = all.filter(({ isCounted, isWhole }) => isWhole && !isCounted).length
  if (uncounted > all.length / 10) doubts.push(`${uncounted} answers were not counted by the server, and left out.`)
  if (concurrency === 'auto' && !isCloud && most < 2) doubts.push('It was never asked for two answers at once.')
  return doubts
}
