import type { Offering } from '../fleet/offering.ts'

/** One in thirty may be late: more would waste what others could have had, fewer would refuse some who would be in time. */
const whenLate = 0.06
const whenInTime = 0.002
const most = 2.5

/**
 * How many times as long as expected an answer is reckoned to take where it is of no use after its deadline. Half of all
 * answers are longer than expected, and the work on one that comes too late is lost; how much is safe is learned by how
 * many do.
 */
export class Caution {
  /** By the name of what is offered, for that outlasts each listing. */
  readonly #factors = new Map<string, number>()

  factor({ name }: Offering): number {
    return this.#factors.get(name) ?? 1
  }

  learn(offering: Offering, inTime: boolean): void {
    const factor = this.factor(offering) + (inTime ? -whenInTime : whenLate)
    this.#factors.set(offering.name, Math.min(most, Math.max(1, factor)))
  }
}
