import type { ServedModel } from './catalogue.ts'
import type { Place } from './place.ts'

/** A model in memory whose server has to be told that it is to stay, or that it need not any more. */
export interface Unsettled {
  readonly model: ServedModel
  readonly stays: boolean
}

/** The models that the configuration wants in the memory of one server, and those that it did want there. */
export class Pins {
  #pinned: readonly Place[] = []
  /** Sent away by the operator: they come back when somebody asks for them. */
  readonly #away = new Set<Place>()
  readonly #freed = new Set<Place>()

  /** Tells whether they are others than before. */
  set(pinned: readonly Place[]): boolean {
    const before = this.#pinned
    if (pinned.length === before.length && pinned.every((place) => before.includes(place))) return false
    for (const place of before) place.tenant.isPinned = false
    for (const place of pinned) place.tenant.isPinned = true
    for (const place of before) if (!pinned.includes(place)) this.#freed.add(place)
    for (const place of pinned) this.#freed.delete(place)
    this.#away.clear()
    this.#pinned = pinned
    return true
  }

  sendAway(place: Place): void {
    if (place.tenant.isPinned) this.#away.add(place)
  }

  cameBack(place: Place): void {
    this.#away.delete(place)
  }

  /** What is to be in memory and is not, in the order of the configuration. */
  missing(models: ReadonlyMap<Place, ServedModel>): readonly ServedModel[] {
    return this.#pinned.flatMap((place) =>
      place.loaded === false && !this.#away.has(place) ? (models.get(place) ?? []) : [],
    )
  }

  unsettled(models: ReadonlyMap<Place, ServedModel>): readonly Unsettled[] {
    const found = (places: Iterable<Place>, stays: boolean): Unsettled[] =>
      Array.from(places).flatMap((place) => {
        const model = models.get(place)
        return place.loaded === true && model?.leaves === stays ? [{ model, stays }] : []
      })
    return [...found(this.#pinned, true), ...found(this.#freed, false)]
  }
}
