import type { Finding } from './placement.ts'
import { costOf, permits, spareMs, type Situation } from './tiers.ts'
import type { Waiting } from './waiting.ts'
import { meanOf } from '../core/length.ts'

/** So many of those who wait are looked at: more would cost more than it saves. */
const lookedAtMax = 64

/**
 * One who is too late for the cheap places is about to leave for a costlier one. Somebody who would be served before it may
 * go in its stead: of those whose leaving saves it the time that it lacks, the one that costs least. Undefined when it is
 * itself the cheapest.
 */
export function whoMakesWay(
  late: Situation,
  { offer, outlooks }: Finding,
  others: Iterable<Waiting>,
): Waiting | undefined {
  const { ahead, offering, ask, length, now } = late
  const target = offer!.upstream.settings.tier
  const cheap = outlooks.find(({ tier }) => tier < target)
  if (cheap === undefined || ahead.count === 0) return undefined
  const lacks = -spareMs(late, cheap) * cheap.speed
  let cheapest: Waiting | undefined
  let least = costOf(offering, ask.promptTokens, meanOf(length))
  let looked = 0
  for (const other of others) {
    if ((looked += 1) > lookedAtMax) break
    const { ticket } = other
    if (ticket === undefined || ticket.cost < lacks || ticket.cost >= least) continue
    if (ticket.flow.lane.rank !== ahead.rank || ticket.finish >= ahead.finish) continue
    if (!permits(other.ask, target) || now >= other.deadline) continue
    cheapest = other
    least = ticket.cost
  }
  return cheapest
}
