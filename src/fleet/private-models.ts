import type { Ask, Cloud } from '../core/ask.ts'
import { isPattern } from '../core/names.ts'
import type { ModelSettings } from '../core/settings.ts'
import type { Fleet } from './fleet.ts'
import type { Offering } from './offering.ts'

/** What is said of a model, and how exactly it was meant: the longer the pattern the more, and by name the most. */
interface Rule {
  readonly cloud: Cloud
  readonly weight: number
}

/**
 * The models whose requests stay at home, as if each caller had said so. A model is meant by whatever name it is asked for,
 * and by the names that the servers have for what would be served under it. Of several rules the most exact holds; of two
 * that are equally so, the one that keeps at home.
 */
export class PrivateModels {
  readonly #fleet: Pick<Fleet, 'offering'>
  readonly #byName = new Map<string, Rule>()
  /** The beginnings of names. */
  readonly #byStart = new Map<string, Rule>()
  /** An offering is made anew when a server's models change, so what is kept here is never older than what it was read from. */
  readonly #ofOfferings = new WeakMap<Offering, { readonly rule: Rule | undefined }>()

  constructor(models: ReadonlyMap<string, ModelSettings>, fleet: Pick<Fleet, 'offering'>) {
    this.#fleet = fleet
    for (const [key, { cloud }] of models) {
      // A rule about something else must not open what a wider one keeps shut.
      if (cloud === undefined) continue
      const [rules, name, weight] = isPattern(key)
        ? [this.#byStart, key.slice(0, -1).trim().toLowerCase(), key.length - 1]
        : [this.#byName, plain(key), Infinity]
      rules.set(name, stricter(rules.get(name), { cloud, weight })!)
    }
  }

  /** The ask itself, or a copy that stays at home. */
  kept(ask: Ask): Ask {
    return ask.cloud === 'allowed' && this.isPrivate(ask.model) ? { ...ask, cloud: 'never' } : ask
  }

  isPrivate(model: string): boolean {
    if (this.#byName.size === 0 && this.#byStart.size === 0) return false
    const offering = this.#fleet.offering(model)
    return stricter(this.#ruleFor(model), offering && this.#ruleOf(offering))?.cloud === 'never'
  }

  #ruleOf(offering: Offering): Rule | undefined {
    let known = this.#ofOfferings.get(offering)
    if (known === undefined) {
      known = { rule: offering.offers.map(({ model }) => this.#ruleFor(model.id)).reduce(stricter, undefined) }
      this.#ofOfferings.set(offering, known)
    }
    return known.rule
  }

  #ruleFor(spelling: string): Rule | undefined {
    const name = plain(spelling)
    let rule = this.#byName.get(name)
    for (const [start, other] of this.#byStart) if (name.startsWith(start)) rule = stricter(rule, other)
    return rule
  }
}

function stricter(one: Rule | undefined, other: Rule | undefined): Rule | undefined {
  if (one === undefined || other === undefined) return one ?? other
  if (one.weight !== other.weight) return one.weight > other.weight ? one : other
  return one.cloud === 'never' ? one : other
}

/** Some write the usual tag and some leave it out; and a wall that a capital letter passes is none. */
const plain = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/:latest$/, '')
