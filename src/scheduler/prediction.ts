import { meanOf } from '../core/length.ts'
import type { Prediction } from '../core/reply.ts'
import type { Offer } from '../fleet/offering.ts'
import type { Situation } from './situation.ts'
import type { Outlook } from './tiers.ts'

/** Of one who has to wait; undefined when nobody can say how long. */
export function predictionFor({ ask, now }: Situation, outlook: Outlook | undefined): Prediction | undefined {
  if (outlook === undefined) return undefined
  const ageMs = now - ask.arrivedAt
  const { waitMs, firstTokenMs, totalMs } = outlook
  return { waitMs, firstTokenMs: ageMs + firstTokenMs, totalMs: ageMs + totalMs }
}

/** Of one who begins at once, before it has. */
export function predictionAt({ ask, length, now }: Situation, { place }: Offer): Prediction {
  const firstTokenMs = now - ask.arrivedAt + place.firstTokenMs(ask.promptTokens - place.cachedTokens(ask), now)
  return { waitMs: 0, firstTokenMs, totalMs: firstTokenMs + place.speechMs(meanOf(length), false) }
}

/** Begun there now, its answer would come when it is of no use: who waits behind it had better have the place. */
export function isTooLateAt(situation: Situation, offer: Offer): boolean {
  const { deadlineMs } = situation.ask
  if (deadlineMs === undefined || !offer.place.pace.isLearned) return false
  return predictionAt(situation, offer).totalMs > deadlineMs
}

/**
 * When it has to begin at home at the latest, so that its answer is of use; undefined for one that has not said by when it
 * wants it, and where nothing but a refusal could come of it.
 */
export function startByIn({ ask, offering, length, caution }: Situation): number | undefined {
  if (ask.deadlineMs === undefined || offering.tiers.length === 1) return undefined
  const { place } = offering.yardstick
  const readingMs = place.pace.readingMs(ask.promptTokens)
  return ask.arrivedAt + ask.deadlineMs - readingMs - place.speechMs(meanOf(length) * caution, true)
}
