import type { Finding } from './placement.ts'
import { isPaidFor } from './means.ts'
import { permits } from './paid.ts'
import type { Situation } from './situation.ts'
import { costOf, spareMs } from './tiers.ts'
import type { Waiting } from './waiting.ts'
import { meanOf } from '../core/length.ts'

/** So many of those who wait are looked at: more would cost more than it saves. */
const lookedAtMax = 64
/** Who is saved by a hair is late again in a moment, and then a second one has to go: it is to gain so many times as much, and a little. */
const amply = 3
const amplyMs = 200
/** To leave costs in itself. Whoever goes for another must cost less by so much. */
const clearlyLess = 0.7

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
  const suffices = (amplyMs - amply * spareMs(late, cheap)) * cheap.speed
  let cheapest: Waiting | undefined
  let least = costOf(offering, ask.promptTokens, meanOf(length)) * clearlyLess
  let looked = 0
  for (const other of others) {
    if ((looked += 1) > lookedAtMax) break
    const { ticket } = other
    if (ticket === undefined || ticket.cost < suffices || ticket.cost >= least) continue
    if (ticket.flow.lane.rank !== ahead.rank || ticket.finish >= ahead.finish) continue
    if (!permits(other.ask, target) || now >= other.deadline || !isPaidFor(other.ask, offer!)) continue
    cheapest = other
    least = ticket.cost
  }
  return cheapest
}
