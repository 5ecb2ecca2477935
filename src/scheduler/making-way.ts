import { type Length, meanOf } from '../core/length.ts'
import type { Finding } from './placement.ts'
import { isPaidFor } from './means.ts'
import { permits } from './paid.ts'
import { precedes } from './pressed.ts'
import type { Situation } from './situation.ts'
import { costOf, spareMs } from './tiers.ts'
import type { Waiting } from './waiting.ts'

/** So many of those who wait are looked at: more would cost more than it saves. */
const lookedAtMax = 64

/** Each that leaves counts as so many words more than it says: few are to leave, and not only cheap ones. */
const tollTokens = 4

/**
 * One who is too late for the cheap places is about to leave for a costlier one. Somebody who would be served before it may
 * go in its stead, if that saves it the time that it lacks: of all these and itself, the one whose leaving costs least for
 * the time that it leaves to others. Undefined when that is itself.
 */
export function whoMakesWay(
  late: Situation,
  { offer, outlooks }: Finding,
  others: Iterable<Waiting>,
): Waiting | undefined {
  const { ahead, offering, ask, length, now } = late
  const target = offer!.upstream.settings.tier
  const cheap = outlooks.find(({ tier }) => tier < target)
  if (cheap === undefined || ahead.cost === 0) return undefined
  const suffices = -spareMs(late, cheap) * cheap.speed
  let best: Waiting | undefined
  let least = priceOf(length) / costOf(offering, ask.promptTokens, meanOf(length))
  let looked = 0
  for (const other of others) {
    if ((looked += 1) > lookedAtMax) break
    const { ticket } = other
    if (ticket === undefined || ticket.cost < suffices) continue
    const price = priceOf(other.length) / ticket.cost
    if (price >= least || ticket.flow.lane.rank !== ahead.rank || !precedes(ticket, ahead)) continue
    if (!permits(other.ask, target) || now >= other.deadline || !isPaidFor(other.ask, offer!)) continue
    best = other
    least = price
  }
  return best
}

const priceOf = (length: Length): number => tollTokens + meanOf(length)
