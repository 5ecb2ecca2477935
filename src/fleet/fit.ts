import type { Ask, Need } from '../core/ask.ts'
import { narrowed, type Offer, type Offering } from './offering.ts'

/** Why a model on a server cannot serve an ask, whenever it has room. */
export type Misfit =
  | { readonly lacks: Need; readonly contextTokens?: never }
  /** What it holds; more was asked. */
  | { readonly contextTokens: number; readonly lacks?: never }

/** Estimates err. An ask this much larger than a context is too large for certain; below it the server has the last word. */
const certainly = 1.3

/** Undefined when it may serve it, as far as is known. */
export function misfit({ upstream, model }: Offer, ask: Ask): Misfit | undefined {
  const { needs, dialect, promptTokens } = ask
  const { backend } = upstream.settings
  for (const need of needs) if (!can(need, upstream.can, model.can)) return { lacks: need }
  // What a server has kept it can only be reminded of in the words in which it was told.
  if (needs.includes('memory') && backend.speaks[dialect] === undefined) return { lacks: 'memory' }
  const { contextTokens } = model
  if (contextTokens === undefined || promptTokens <= contextTokens * certainly) return undefined
  return { contextTokens }
}

/** Below this share of a context an estimate is good enough to tell that a prompt fits. */
const surely = 0.7

export function surelyFits(offer: Offer, ask: Ask): boolean {
  const { contextTokens = Infinity } = offer.model
  return ask.promptTokens <= contextTokens * surely && misfit(offer, ask) === undefined
}

/** A server has the say over what can be asked of it at all, a model over the rest; what neither tells of may be there. */
function can(need: Need, ofServer: ReadonlySet<Need>, ofModel: ReadonlySet<Need> | undefined): boolean {
  if (!ofServer.has(need)) return false
  if (ofModel === undefined || need === 'memory' || need === 'logprobs') return true
  // Whoever converses carries on a text as well.
  return ofModel.has(need) || (need === 'text' && ofModel.has('chat'))
}

const fitted = new WeakMap<Offering, Map<string, Offering>>()

/**
 * What of an offering may serve an ask. Asks that fit in the same places share one, and so one queue: nobody stands behind
 * somebody who waits for another machine. The whole of it where nothing is known to fit; then the servers have the word.
 */
export function fitting(offering: Offering, ask: Ask): Offering {
  let misfits = ''
  for (const [at, offer] of offering.offers.entries()) if (misfit(offer, ask) !== undefined) misfits += `${at},`
  if (misfits === '') return offering
  let parts = fitted.get(offering)
  if (parts === undefined) fitted.set(offering, (parts = new Map()))
  let part = parts.get(misfits)
  if (part === undefined) {
    const offers = offering.offers.filter((offer) => misfit(offer, ask) === undefined)
    parts.set(misfits, (part = offers.length === 0 ? offering : narrowed(offering, offers)))
  }
  return part
}
