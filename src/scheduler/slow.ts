import { meanOf } from '../core/length.ts'
import type { Offer } from '../fleet/offering.ts'
import { canServe, type Situation } from './situation.ts'

/** So many times as long as elsewhere, the wait there included, is too long: what comes at once is not always sooner. */
const muchSlower = 4

/** A place where an ask of middling size takes less is not slow, whatever others are. */
const slowMinMs = 1_000

/**
 * Whether the ask had better wait for another place than take this one at once. A server that has become ten times as slow
 * still has room, and more of it the slower it is; who waits for one of its peers is served sooner. Now and then one ask
 * goes there all the same, of those that can afford it: nobody else would find out that it is well again.
 */
export function isBetterElsewhere(situation: Situation, offer: Offer): boolean {
  const { offers } = situation.offering
  if (offers.length === 1 || !offer.place.pace.isLearned) return false
  const { now } = situation
  const { place, upstream } = offer
  const hereMs = holdMsAt(offer, now)
  const limitMs = hereMs / muchSlower
  let isSlow = false
  for (const other of offers) {
    if (other === offer || other.upstream.settings.tier > upstream.settings.tier) continue
    const holdMs = holdMsAt(other, now)
    if (hereMs < slowMinMs || holdMs > limitMs || !isKnown(other) || !canServe(situation, other)) continue
    isSlow = true
    if (waitMs(other, now) + holdMs > limitMs) continue
    if (place.inFlight === 0 && place.slowness.mayBeTried(now, canWait(situation)) && affords(situation, offer))
      return false
    place.slowness.leaveAlone(now)
    return true
  }
  if (!isSlow) place.slowness.well()
  return false
}

const isKnown = ({ place }: Offer): boolean => place.loaded !== false && place.pace.isLearned

/** How long an ask of middling size would be there beside those who are, as fast as it is just now. */
const holdMsAt = ({ place }: Offer, now: number): number =>
  place.pace.expectedHoldMs(500, 150, place.inFlight + 1) * place.slowness.timesAt(now)

/** Until there is room for one more than all who wait. */
function waitMs({ place }: Offer, now: number): number {
  const { waiting } = place.tenant
  return place.hasRoom(now) ? 0 : place.nextRoomMs(now) + waiting * place.middlingShareMs
}

const canWait = ({ ask }: Situation): boolean => ask.priority !== 'interactive'

function affords({ ask, length, now }: Situation, { place }: Offer): boolean {
  const { patienceMs, deadlineMs = Infinity, arrivedAt, promptTokens } = ask
  const times = place.slowness.timesAt(now)
  const firstMs = now - arrivedAt + times * place.firstTokenMs(promptTokens, now)
  return firstMs <= patienceMs && firstMs + times * place.speechMs(meanOf(length), false) <= deadlineMs
}
