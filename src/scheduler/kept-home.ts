import type { Offer } from '../fleet/offering.ts'
import { costsMoney } from './paid.ts'
import type { Situation } from './situation.ts'
import { type Outlook, spareMs } from './tiers.ts'

/** What keeps an ask at home that waited there, or will be late; undefined where money makes no difference. */
export function keptBy(situation: Situation, by: Kept): string | undefined {
  const { means } = situation
  if (means?.fallShort !== true || costsMoney(by.offer.upstream)) return undefined
  const isLate = by.waitMs >= 1 || by.outlooks.some((outlook) => spareMs(situation, outlook) < 0)
  if (!isLate) return undefined
  return means.refusal?.kind === 'over-budget' ? 'budget spent' : 'cloud closed'
}

interface Kept {
  readonly offer: Offer
  readonly waitMs: number
  readonly outlooks: readonly Outlook[]
}
