import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import type { Purse, Shop } from '../core/purse.ts'
import type { Offer, Offering } from '../fleet/offering.ts'
import { costsMoney, isPaid } from './paid.ts'

export const shopOf = ({ upstream, model }: Pick<Offer, 'upstream' | 'model'>): Shop => ({
  upstream: upstream.settings.name,
  model: model.id,
})

/** Whether an ask can be paid for there as things stand, or costs nothing there. */
export const isPaidFor = (ask: Ask, offer: Pick<Offer, 'upstream' | 'model'>): boolean =>
  ask.purse === undefined || !costsMoney(offer.upstream) || ask.purse.affords(ask, shopOf(offer))

/** What an ask can pay for at one moment. A place is looked at several times in it, and its purse is asked once. */
export class Means {
  readonly #ask: Ask
  readonly #purse: Purse
  #known: Map<Offer, boolean> | undefined
  #denied: Offer | undefined

  constructor(ask: Ask, purse: Purse) {
    this.#ask = ask
    this.#purse = purse
  }

  allow(offer: Offer): boolean {
    if (!costsMoney(offer.upstream)) return true
    let allows = this.#known?.get(offer)
    if (allows === undefined) {
      allows = this.#purse.affords(this.#ask, shopOf(offer))
      this.#known ??= new Map()
      this.#known.set(offer, allows)
      if (!allows) this.#denied ??= offer
    }
    return allows
  }

  /** A place was found that would do, and that cannot be paid for. */
  get fallShort(): boolean {
    return this.#denied !== undefined
  }

  /** Why it cannot; undefined where there was no such place. */
  get refusal(): Fault | undefined {
    if (this.#denied === undefined) return undefined
    const name = this.#denied.upstream.settings.name
    return (
      this.#purse.refusal(this.#ask, shopOf(this.#denied)) ??
      new Fault('over-budget', `There is no money left for ${name} at the moment.`)
    )
  }
}

/** Undefined where nothing costs anything, or nobody counts it. */
export const meansOf = (ask: Ask, { tiers }: Offering): Means | undefined =>
  ask.purse === undefined || !isPaid(tiers.at(-1) ?? 0) ? undefined : new Means(ask, ask.purse)
