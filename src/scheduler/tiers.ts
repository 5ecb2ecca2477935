import { meanOf } from '../core/length.ts'
import type { Offering } from '../fleet/offering.ts'
import type { Place } from '../fleet/place.ts'
import type { Ahead } from './fair-queue.ts'
import { hasRoomFor, nextRoomFor } from './room.ts'
import { canServe, type Situation } from './situation.ts'

/** What one tier promises an ask, from now on. */
export interface Outlook {
  readonly tier: number
  /** Until it gets its place. */
  readonly waitMs: number
  readonly firstTokenMs: number
  /** Until its last token. */
  readonly totalMs: number
  readonly hasRoom: boolean
  /** Of what asks cost, as much is worked off there in a millisecond. */
  readonly speed: number
  /** From what has been seen there, not from a guess. */
  readonly isLearned: boolean
}

/** How much faster a costlier tier must be to be worth it when every tier is too late. */
const worthIt = 2

/** What each tier promises, the cheapest first; tiers in which nobody can serve are left out. */
export function outlooks(situation: Situation): Outlook[] {
  const found: Outlook[] = []
  for (const tier of situation.offering.tiers) {
    const outlook = outlookOf(situation, tier, found.length === 0 ? situation.ahead : lateAhead(situation))
    if (outlook !== undefined) found.push(outlook)
  }
  return found
}

/** How much time is left over if all goes as promised; negative when it will be too late. */
export function spareMs({ ask, now }: Situation, { firstTokenMs, totalMs }: Outlook): number {
  const age = now - ask.arrivedAt
  const first = ask.patienceMs - age - firstTokenMs
  return ask.deadlineMs === undefined ? first : Math.min(first, ask.deadlineMs - age - totalMs)
}

/**
 * How long one may wait unseen, as things stand: until the cheapest tier can no longer make it, but at the latest while
 * another still can. Others may come meanwhile who go first. Negative when the cheapest is too late already.
 */
export function untilLookedAt(situation: Situation, [cheapest, ...costlier]: readonly Outlook[]): number {
  if (cheapest === undefined) return Infinity
  let until = spareMs(situation, cheapest)
  for (const outlook of costlier) {
    const spare = spareMs(situation, outlook)
    if (spare > 0) until = Math.min(until, spare)
  }
  return until
}

/**
 * The tier an ask should go to: the cheapest that is predicted to be in time. When none is, the cheapest with room,
 * unless a costlier one is faster by far. Undefined when there is none to go to.
 */
export function tierFor(situation: Situation, tiers: readonly Outlook[]): Outlook | undefined {
  let best: Outlook | undefined
  for (const outlook of tiers) {
    if (spareMs(situation, outlook) >= 0) return outlook
    if (
      best === undefined ||
      (outlook.hasRoom && (!best.hasRoom || outlook.firstTokenMs * worthIt < best.firstTokenMs))
    ) {
      best = outlook
    }
  }
  return best
}

/** What is promised as things stand; undefined when nobody can serve it. */
export function promised(situation: Situation): Outlook | undefined {
  return tierFor(situation, outlooks(situation))
}

/** Who waits for the cheapest tier takes nothing from the others. */
function lateAhead({ ahead, late = 0 }: Situation): Ahead {
  return { ...ahead, count: late, cost: ahead.count === 0 ? 0 : (late * ahead.cost) / ahead.count }
}

function outlookOf(situation: Situation, tier: number, ahead: Ahead): Outlook | undefined {
  const { ask, offering, length, delay, caution, now } = situation
  const outputTokens = meanOf(length) * caution
  const { place: yardstick } = offering.yardstick
  let free = 0
  let speed = 0
  let nextRoomMs = Infinity
  let isLearned = false
  let able = false
  // Of a place with room, and of any: until the first token, and from there to the last.
  let [nowMs, speechNowMs, anyMs, speechMs] = [Infinity, 0, Infinity, 0]
  for (const offer of offering.offers) {
    if (offer.upstream.settings.tier !== tier || !canServe(situation, offer)) continue
    able = true
    const { place } = offer
    const firstTokenMs = place.firstTokenMs(ask.promptTokens - place.cachedTokens(ask), now)
    isLearned ||= place.pace.isLearned
    speed += speedOf(place, yardstick)
    if (firstTokenMs < anyMs) {
      anyMs = firstTokenMs
      speechMs = place.speechMs(outputTokens, true)
    }
    if (place.isDoubtful || !hasRoomFor(situation, offer)) {
      // Somebody who had better wait for another waits for that one.
      if (place.slowness.leftAloneAt < now) nextRoomMs = Math.min(nextRoomMs, nextRoomFor(situation, offer))
      continue
    }
    free += place.limit.sure - place.inFlight
    if (firstTokenMs < nowMs) {
      nowMs = firstTokenMs
      speechNowMs = place.speechMs(outputTokens, false)
    }
  }
  if (!able) return undefined
  if (free > ahead.count)
    return { tier, waitMs: 0, firstTokenMs: nowMs, totalMs: nowMs + speechNowMs, hasRoom: true, speed, isLearned }
  const waitMs = delay * ((nextRoomMs === Infinity ? 0 : nextRoomMs) + workLeft(ahead, free) / speed)
  const firstTokenMs = waitMs + anyMs
  return { tier, waitMs, firstTokenMs, totalMs: firstTokenMs + speechMs, hasRoom: free > 0, speed, isLearned }
}

/** Those who find room at once keep nobody waiting. */
const workLeft = ({ count, cost }: Ahead, free: number): number =>
  count === 0 ? 0 : (cost * (count - Math.min(free, count))) / count

/** Of the work that asks cost by the yardstick, how much is done here in a millisecond. */
const speedOf = (place: Place, yardstick: Place): number =>
  place === yardstick ? 1 : yardstick.middlingShareMs / place.middlingShareMs

/** Milliseconds that it takes of a machine, as far as can be told: what its caller is charged. */
export const costOf = ({ yardstick }: Offering, promptTokens: number, outputTokens: number): number =>
  yardstick.place.shareMs(promptTokens, outputTokens)

/** How long until a queue of this length is served by all who may serve it: what a refused caller is told to wait. */
export function drainMs(situation: Situation): number {
  const { offering, ahead } = situation
  const { place: yardstick } = offering.yardstick
  let speed = 0
  for (const offer of offering.offers) if (canServe(situation, offer)) speed += speedOf(offer.place, yardstick)
  return speed === 0 ? 0 : ahead.cost / speed
}
