import type { Ask } from '../core/ask.ts'
import type { Offer, Offering } from '../fleet/offering.ts'
import type { Outlook } from './tiers.ts'

/** Why an ask went where it went, in a few words for people: `queued 1.2s; loaded`. ASCII, for it travels in a header. */
export function decisionOf(by: {
  readonly ask: Pick<Ask, 'model' | 'standsInFor'>
  readonly offering: Offering
  readonly offer: Offer
  readonly waitMs: number
  readonly isRetry: boolean
  /** What the tiers had promised; empty where there is only one. */
  readonly outlooks: readonly Outlook[]
  /** Of the prompt, what is in the server's memory. */
  readonly cachedTokens: number
  /** What kept it from a costlier server. */
  readonly keptBy: string | undefined
}): string {
  const { ask, offering, offer, waitMs, isRetry, outlooks, cachedTokens, keptBy } = by
  let text = waitMs >= 1 ? `queued ${span(waitMs)}` : 'direct'
  if (isRetry) text += '; retry'
  const lowest = offering.lowestTier
  if (offer.upstream.settings.tier > lowest) {
    const promised = outlooks.find(({ tier }) => tier === lowest)
    text +=
      promised === undefined
        ? '; spilled: no local server is up'
        : `; spilled: local first token predicted in ${span(promised.firstTokenMs)}`
  }
  if (offer.place.loaded !== undefined) text += offer.place.loaded ? '; loaded' : '; loading'
  if (cachedTokens >= worthSaying) text += `; cached ${thousands(cachedTokens)}`
  if (keptBy !== undefined) text += `; ${keptBy}: stays at home`
  if (ask.standsInFor !== undefined) text += `; ${inAscii(ask.model)} stands in for ${inAscii(ask.standsInFor)}`
  return text
}

const inAscii = (name: string): string => name.replace(/[^\x20-\x7E]/g, '?')

/** So many tokens are read in a moment, wherever it is. */
const worthSaying = 256

const thousands = (tokens: number): string =>
  tokens < 1_000 ? `${Math.round(tokens)}` : `${(tokens / 1_000).toFixed(1)}k`

function span(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)}ms` : `${(ms / 1_000).toFixed(1)}s`
}
