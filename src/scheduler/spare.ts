import type { Policy } from '../core/policy.ts'
import { narrowed, type Offer } from '../fleet/offering.ts'
import { bestBeyond } from './placement.ts'
import type { Queues } from './queues.ts'
import { costsMoney } from './paid.ts'
import type { Situation } from './situation.ts'

/** What a second try at an ask may have while the first is still under way. */
export interface SpareWish {
  /** Whether it may cost money. */
  readonly cloud: boolean
  /** It has to be expected to speak within this. */
  readonly withinMs: number
}

/**
 * The best place that stands idle, for a second try at an ask. It takes nothing from anybody: nobody waits for any server
 * that has the model, room is left for the next who comes, and no model has to be loaded.
 */
export function findSpare(
  situation: Situation,
  policy: Policy,
  { queues, cloud, withinMs }: SpareWish & { readonly queues: Queues },
): Offer | undefined {
  const { offering, ask, now } = situation
  if (offering.upstreams.some((upstream) => queues.isWaitedFor(upstream))) return undefined
  const spare = offering.offers.filter(
    (offer) =>
      (cloud || !costsMoney(offer.upstream)) &&
      isWarm(offer) &&
      isIdle(offer) &&
      offer.place.firstTokenMs(ask.promptTokens - offer.place.cachedTokens(ask), now) <= withinMs,
  )
  if (spare.length === 0) return undefined
  return bestBeyond(-Infinity, { ...situation, offering: narrowed(offering, spare) }, policy)
}

/** The model is in memory. Where the server does not tell, it has shown that it answers. */
const isWarm = ({ place }: Offer): boolean => place.loaded ?? place.pace.answers > 0

const isIdle = ({ upstream, place }: Offer): boolean => upstream.inFlight === 0 || place.inFlight + 1 < place.limit.sure
