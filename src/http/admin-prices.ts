import { costsMoney, priceTags, tagView } from '../accounts/price-tags.ts'
import { priceListDay } from '../accounts/prices.ts'
import type { Gateway } from '../gateway.ts'

/** What each model costs at each server that costs money, as these list them. */
export function pricesView({ fleet, settings, world }: Pick<Gateway, 'fleet' | 'settings' | 'world'>): object {
  const wares = fleet.upstreams
    .filter((upstream) => costsMoney(upstream.settings))
    .flatMap((upstream) => upstream.models().map(({ id, name }) => ({ upstream: upstream.settings, id, name })))
  const tags = priceTags(wares, settings.money?.prices ?? new Map(), world.epochMs())
  return { day: priceListDay(), prices: tags.map(tagView) }
}
