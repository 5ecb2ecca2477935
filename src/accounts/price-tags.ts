import { paidTier, picoPerMillion, type Price, type Rates } from '../core/money.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import { priceOf } from './prices.ts'

/** A model that can be had for money. */
export interface Ware {
  readonly upstream: UpstreamSettings
  /** As its server calls it, and as callers do. */
  readonly id: string
  readonly name: string
}

/** What is written on it; no price where nobody knows one, and then it is not for sale. */
export interface PriceTag extends Ware {
  readonly price: Price | undefined
}

export const costsMoney = ({ tier }: Pick<UpstreamSettings, 'tier'>): boolean => tier >= paidTier

/** Of servers that say by their configuration what they serve; what the others list, only they know. */
export const configuredWares = (upstreams: readonly UpstreamSettings[]): readonly Ware[] =>
  upstreams
    .filter(costsMoney)
    .flatMap((upstream) => Array.from(upstream.serve ?? [], ([name, id]) => ({ upstream, id, name })))

/** Each model of each server once, in their order. */
export function priceTags(
  wares: readonly Ware[],
  own: ReadonlyMap<string, Price>,
  epochMs: number,
): readonly PriceTag[] {
  const tags = new Map<string, PriceTag>()
  for (const ware of wares) {
    const { backend, origin, basePath, name: seller } = ware.upstream
    const purchase = { kind: backend.kind, url: origin + basePath, epochMs, needs: [] }
    const key = JSON.stringify([seller, ware.id])
    if (!tags.has(key)) tags.set(key, { ...ware, price: priceOf(ware.id, own, purchase) })
  }
  return [...tags.values()]
}

/** For programs, in dollars for a million tokens. */
export const tagView = ({ upstream, id, name, price }: PriceTag): object => ({
  upstream: upstream.name,
  model: id,
  name,
  known: price !== undefined,
  ...(price && {
    ...ratesView(price),
    ...(price.longer && {
      longer: price.longer.map(({ aboveTokens, ...rates }) => ({ above_tokens: aboveTokens, ...ratesView(rates) })),
    }),
    source: price.source,
  }),
})

const ratesView = ({ input, output, cachedInput, cacheWrite, cacheWriteHour }: Rates): object => ({
  input: perMillion(input),
  output: perMillion(output),
  ...(cachedInput !== undefined && { cached_input: perMillion(cachedInput) }),
  ...(cacheWrite !== undefined && { cache_write: perMillion(cacheWrite) }),
  ...(cacheWriteHour !== undefined && { cache_write_hour: perMillion(cacheWriteHour) }),
})

export const perMillion = (pico: number): number => pico / picoPerMillion
