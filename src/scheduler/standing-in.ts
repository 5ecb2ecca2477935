import { surelyFits } from '../fleet/fit.ts'
import { opensInMs } from './room.ts'
import { canServe, type Situation } from './situation.ts'
import { promised, spareMs } from './tiers.ts'

/** A model that is in memory nowhere where it costs nothing, and that nobody promises in time. */
export function isShortOfMemory(situation: Situation): boolean {
  const { lowestTier, offers } = situation.offering
  const home = offers.filter(({ upstream }) => upstream.settings.tier === lowestTier && upstream.up !== false)
  if (home.length === 0 || home.some(({ place }) => place.loaded !== false)) return false
  const promise = promised(situation)
  return promise === undefined || spareMs(situation, promise) < 0
}

/** There is a place where the model need not be loaded, that surely fits, and all in time. */
export function isReadyInTime(situation: Situation): boolean {
  const { ask, offering } = situation
  const promise = promised(situation)
  if (promise === undefined || spareMs(situation, promise) < 0) return false
  return offering.offers.some((offer) => {
    const { upstream, place } = offer
    if (upstream.settings.tier !== promise.tier || place.loaded === false) return false
    return canServe(situation, offer) && opensInMs(situation, offer) === 0 && surelyFits(offer, ask)
  })
}
