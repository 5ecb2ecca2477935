import type { BoundAccount, Claim } from '../core/ledger.ts'
import { costOf, type Price, ratesFor } from '../core/money.ts'
import type { Shop, Wanted } from '../core/purse.ts'
import type { AskPurse } from './purse.ts'
import type { Terms } from './terms.ts'

/** What a try would be bought for, and where. */
export interface Deal {
  readonly shop: Shop
  readonly price: Price
  readonly terms: Terms
}

/** Nobody waits longer for an answer. */
const longestMs = 24 * 3_600_000

/** As the ledger is to take it down: with all that is needed to settle it although nobody comes back to it. */
export function claimFor(
  purse: AskPurse,
  { promptTokens }: Wanted,
  { shop, price, terms, accounts, at }: Deal & { readonly accounts: readonly BoundAccount[]; readonly at: number },
): Claim {
  const { id: requestId, caller } = purse
  return {
    id: purse.nextClaimId(),
    requestId,
    caller: caller.id,
    key: caller.key,
    team: caller.team?.name,
    upstream: shop.upstream,
    model: shop.model,
    nano: terms.nano,
    price: price.source,
    promptTokens,
    promptNano: costOf({ promptTokens, outputTokens: 0 }, price),
    outputPico: ratesFor(promptTokens, price).output,
    at,
    expiresAt: at + longestMs,
    accounts,
  }
}
