import type { Fleet } from './fleet.ts'

interface Home {
  readonly upstream: string
  /** Requests it may have at once. */
  readonly places: number
}

/** Where a model is served for nothing. */
export function homesOf(fleet: Pick<Fleet, 'serving'>, name: string): readonly Home[] {
  return fleet.serving(name).flatMap((upstream) => {
    const place = upstream.places().get(upstream.modelFor(name)?.id ?? '')
    if (upstream.settings.tier > 0 || place === undefined) return []
    return [{ upstream: upstream.settings.name, places: Math.floor(place.limit.value) }]
  })
}
