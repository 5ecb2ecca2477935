import { type Claim, type Entry, noTokens, type Try } from '../core/ledger.ts'
import { paidTier } from '../core/money.ts'

/**
 * How requests ended whose process is gone, by what it had set aside for them. What had left is paid for as far as anybody heard
 * of it, since its server will want to be paid; what had not left costs nothing.
 */
export function orphansOf(
  claims: readonly Claim[],
  heardOf: (claimId: string) => number | undefined,
  endedAt: number,
): readonly Entry[] {
  const byRequest = Map.groupBy(claims, ({ requestId }) => requestId)
  return Array.from(byRequest.values(), (mine) => entryOf(mine, heardOf, endedAt))
}

function entryOf(claims: readonly Claim[], heardOf: (claimId: string) => number | undefined, endedAt: number): Entry {
  const tries = claims.map((claim) => tryOf(claim, heardOf(claim.id)))
  const paid = tries.filter(({ state }) => state === 'settled')
  const { claim } = paid.at(-1) ?? tries.at(-1)!
  const sum = (count: (one: Try) => number): number => paid.reduce((all, one) => all + count(one), 0)
  const { requestId: id, caller, key, team, upstream, model } = claim
  return {
    ...noTokens,
    id,
    state: paid.length > 0 ? 'settled' : 'expired',
    at: Math.min(...claims.map(({ at }) => at)),
    endedAt,
    caller,
    key,
    team,
    dialect: '',
    model,
    upstream,
    tier: paidTier,
    spilled: false,
    firstTokenMs: undefined,
    gpuMs: 0,
    nano: sum(({ nano }) => nano),
    savedNano: 0,
    inputTokens: sum(({ inputTokens }) => inputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    estimated: paid.length > 0,
    fault: 'gateway_crashed',
    tries,
  }
}

function tryOf(claim: Claim, heard: number | undefined): Try {
  if (heard === undefined) return { ...noTokens, claim, state: 'expired', nano: 0 }
  const { promptTokens, promptNano, outputPico } = claim
  // More than was set aside for it, it was never allowed to cost.
  const nano = Math.min(claim.nano, promptNano + Math.ceil((heard * outputPico) / 1_000))
  return { ...noTokens, claim, state: 'settled', nano, inputTokens: promptTokens, outputTokens: heard, estimated: true }
}
