import type { Ask, Errand } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import { lacking } from '../core/lacking.ts'
import { untilGone } from '../core/until-gone.ts'
import { misfit } from './fit.ts'
import type { Fleet } from './fleet.ts'
import type { Offer } from './offering.ts'
import { unknownModel } from './unknown-model.ts'

export interface ErrandDone {
  readonly upstream: string
  readonly tier: number
  readonly decision: string
}

/**
 * Loads a model, or lets it go, because a caller said so. Where callers share a machine, none of them throws a model out:
 * the wish is heard, and granted by nobody's needing it. `isShared` tells whether they do.
 */
export async function runErrand(fleet: Fleet, errand: Errand, ask: Ask, isShared: boolean): Promise<ErrandDone> {
  const offer = offerFor(fleet, errand, ask)
  const { upstream, model, place } = offer
  const { name, tier, backend } = upstream.settings
  const done = (decision: string): ErrandDone => ({ upstream: name, tier, decision })
  if (errand === 'load') {
    if (place.loaded === false && !upstream.residency.isFreeFor(place.tenant))
      return done('not loaded: memory is in use')
    const ready = upstream.ready(model)
    if (ready === undefined) return done(place.loaded === true ? 'already loaded' : 'loads when it is asked')
    await untilGone(ready, ask.signal)
    return done('loaded')
  }
  if (isShared) return done('stays: the machine is shared')
  if (place.inFlight > 0) return done('stays: it is in use')
  if (backend.unload === undefined || place.loaded !== true) return done('nothing to unload')
  await backend.unload(upstream.call, model.id)
  place.loaded = false
  return done('unloaded')
}

/** Where the model is loaded, else where it would be asked first. To let one go, nobody need be able to use it. */
function offerFor(fleet: Fleet, errand: Errand, ask: Ask): Offer {
  const offering = fleet.offering(ask.model)
  if (offering === undefined) throw unknownModel(fleet, ask)
  const all = offering.offers.filter(({ upstream }) => ask.cloud === 'allowed' || upstream.settings.tier === 0)
  const able = errand === 'unload' ? all : all.filter((offer) => misfit(offer, ask) === undefined)
  const lacks = able.length === 0 && all[0] && misfit(all[0], ask)?.lacks
  if (lacks) throw lacking(ask.model, lacks)
  const offers = able.filter(({ upstream }) => upstream.up !== false)
  const offer = offers.find(({ place }) => place.loaded === true) ?? offers[0]
  if (offer !== undefined) return offer
  throw new Fault('no-upstream', `No server that has the model "${ask.model.slice(0, 100)}" answers now.`)
}
