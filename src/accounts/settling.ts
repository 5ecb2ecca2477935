import { type Claim, type EntryState, noTokens, type TokenCounts, type Try } from '../core/ledger.ts'
import { costOf, type Price } from '../core/money.ts'
import type { Usage } from '../core/usage.ts'

/** No request has more tokens of either kind: whatever says so is no count. */
const believableTokens = 10_000_000

/** As the ledger counts them. An explicit zero is a count like any other. */
export function tokensOf(usage: Usage): TokenCounts {
  const { promptTokens, outputTokens, cachedTokens = 0, cacheWriteTokens = 0, reasoningTokens = 0, estimated } = usage
  return {
    inputTokens: promptTokens,
    outputTokens,
    cachedTokens,
    cacheWriteTokens,
    reasoningTokens,
    estimated: estimated === true,
  }
}

/** Whether these can be the tokens of one request. */
export function isBelievable(usage: Usage): boolean {
  const { promptTokens, outputTokens, cachedTokens = 0, cacheWriteTokens = 0, reasoningTokens = 0 } = usage
  return (
    isCount(promptTokens) &&
    isCount(outputTokens) &&
    isCount(cachedTokens) &&
    isCount(cacheWriteTokens) &&
    isCount(reasoningTokens) &&
    cachedTokens + cacheWriteTokens <= promptTokens
  )
}

const isCount = (count: number): boolean => Number.isInteger(count) && count >= 0 && count <= believableTokens

/** A try that used something up: charged to the token, as whoever served it counted. */
export const settled = (claim: Claim, usage: Usage, price: Price): Try => ({
  claim,
  state: 'settled',
  nano: costOf(usage, price),
  ...tokensOf(usage),
})

/** A try that cost nothing. */
export const unspent = (claim: Claim, state: EntryState = 'released'): Try => ({ claim, state, nano: 0, ...noTokens })

/**
 * What is odd about a count, in words, compared with what was guessed of the prompt and seen of the answer. It is charged
 * all the same: it is what will be on the bill.
 */
export function oddity(usage: Usage, guessedTokens: number, seenTokens: number): string | undefined {
  const { promptTokens, outputTokens, estimated } = usage
  if (estimated === true) return undefined
  if (promptTokens > oddTimes * guessedTokens + oddTokens)
    return `counted ${promptTokens} tokens in a prompt that has about ${guessedTokens}`
  if (seenTokens > oddTimes * outputTokens + oddTokens)
    return `counted ${outputTokens} tokens in an answer of at least ${seenTokens} pieces`
  return undefined
}

const oddTimes = 2
/** Templates and rounding are no oddity. */
const oddTokens = 200
