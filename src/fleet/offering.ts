import type { Place } from './place.ts'
import type { ServedModel, Upstream } from './upstream.ts'

/** One upstream's way to serve a model. */
export interface Offer {
  readonly upstream: Upstream
  readonly model: ServedModel
  readonly place: Place
}

/**
 * All the ways to serve what callers know under one name, or under several that mean the same: these share one object,
 * and so one queue.
 */
export interface Offering {
  readonly name: string
  /** Equal for the same models on the same servers, whatever else is listed anew. */
  readonly key: string
  /** In the order of the configuration. */
  readonly offers: readonly Offer[]
  readonly upstreams: readonly Upstream[]
  /** One of the cheapest: what an ask costs is told by what it takes there. */
  readonly yardstick: Offer
  /** The tiers among them, cheapest first. */
  readonly tiers: readonly number[]
  /** The cheapest that has the model at all, for whatever ask. */
  readonly lowestTier: number
}

/** From every spelling to what is offered under it. Built anew when a listing changes, so a look-up is one step. */
export function offeringsOf(upstreams: readonly Upstream[]): ReadonlyMap<string, Offering> {
  const offersBySpelling = new Map<string, Offer[]>()
  for (const upstream of upstreams) {
    for (const [spelling, model] of upstream.catalogue.spellings) {
      const offer: Offer = { upstream, model, place: upstream.place(model.id) }
      const offers = offersBySpelling.get(spelling)
      if (offers === undefined) offersBySpelling.set(spelling, [offer])
      else offers.push(offer)
    }
  }
  const shared = new Map<string, Offering>()
  const offerings = new Map<string, Offering>()
  for (const [spelling, offers] of offersBySpelling) {
    const key = keyOf(offers)
    let offering = shared.get(key)
    if (offering === undefined) shared.set(key, (offering = offeringOf(spelling, offers)))
    offerings.set(spelling, offering)
  }
  return offerings
}

/** The same model with some of the ways to serve it. */
export const narrowed = (offering: Offering, offers: readonly Offer[]): Offering => ({
  ...offeringOf(offering.name, offers),
  // Of the whole there may be just as much, where nothing was left out but a server that has gone since.
  key: `part ${keyOf(offers)}`,
  lowestTier: offering.lowestTier,
})

const keyOf = (offers: readonly Offer[]): string =>
  JSON.stringify(offers.map(({ upstream, model }) => [upstream.settings.name, model.id]))

function offeringOf(name: string, offers: readonly Offer[]): Offering {
  const upstreams = offers.map(({ upstream }) => upstream)
  const tiers = [...new Set(upstreams.map(({ settings }) => settings.tier))].sort((one, other) => one - other)
  const lowestTier = tiers[0] ?? 0
  const yardstick = offers.find(({ upstream }) => upstream.settings.tier === lowestTier)!
  return { name, key: keyOf(offers), offers, upstreams, yardstick, tiers, lowestTier }
}
