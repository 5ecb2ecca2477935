import type { Ask } from '../core/ask.ts'
import type { Dialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import { type Misfit, misfit, surelyFits } from '../fleet/fit.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { Offer } from '../fleet/offering.ts'
import { unknownModel } from '../fleet/unknown-model.ts'
import { permits } from '../scheduler/paid.ts'
import { counter } from './count.ts'

/** One way to serve an ask, whether there is room or not. */
export interface Way {
  readonly misfit: Misfit | undefined
  readonly contextTokens: number | undefined
  /** Asks the server for the exact number of tokens; undefined where there is no asking. */
  readonly count: (() => Promise<number>) | undefined
}

/** Who is told too few tokens shortens its history too late. */
const estimateSlack = 1.1

/** Where an ask may be served at all, and what that depends on. */
export class Ways {
  readonly #fleet: Fleet
  readonly #dialectOf: (id: string) => Dialect

  constructor(fleet: Fleet, dialectOf: (id: string) => Dialect) {
    this.#fleet = fleet
    this.#dialectOf = dialectOf
  }

  /** The usual case, at a glance: it surely fits somewhere, or there is nowhere, which is for others to say. */
  isPlain(ask: Ask): boolean {
    const offers = this.#offers(ask)
    if (mustStay(ask, offers)) return false
    let ways = 0
    for (const offer of offers) {
      if (!permits(ask, offer.upstream.settings.tier)) continue
      ways += 1
      if (surelyFits(offer, ask)) return true
    }
    return ways === 0
  }

  /** All of them, the first to be tried first. */
  of(ask: Ask): readonly Way[] {
    const offers = this.#offers(ask)
    return offers
      .filter((offer) => permits(ask, offer.upstream.settings.tier))
      .map((offer) => ({
        misfit: mustStay(ask, offers) ? { lacks: 'memory' } : misfit(offer, ask),
        contextTokens: offer.model.contextTokens,
        count: counter(ask, offer, this.#dialectOf),
      }))
  }

  /** How many tokens it has: exact where a server tells, else estimated, and rather too many. */
  async count(ask: Ask): Promise<number> {
    const ways = this.of(ask)
    if (this.#offers(ask).length === 0) throw unknownModel(this.#fleet, ask)
    return (await exactly(ways)) ?? Math.ceil(ask.promptTokens * estimateSlack)
  }

  #offers(ask: Ask): readonly Offer[] {
    return this.#fleet.offering(ask.model)?.offers ?? []
  }
}

/** What one server keeps, another cannot be asked for. */
const mustStay = (ask: Ask, offers: readonly Offer[]): boolean => ask.needs.includes('memory') && offers.length > 1

/** The first answer of a server that counts; undefined when none does. Throws only what is the caller's to mend. */
export async function exactly(ways: readonly Pick<Way, 'count'>[]): Promise<number | undefined> {
  for (const { count } of ways) {
    try {
      if (count !== undefined) return await count()
    } catch (error) {
      if (error instanceof Fault && error.kind === 'bad-request') throw error
      // It may be down, or older than this question. Another one may know.
    }
  }
  return undefined
}
