import type { ServerOptions } from '../../sim/server-spec.ts'
import { amountsBehind, median, quantile } from './robust.ts'
import { rounded } from './home.ts'
import { isSeen, type Stay } from './stays.ts'

/** Ninety of a hundred are below this many spreads above the middle, and ninety-nine below that many. */
const [z90, z99] = [1.2816, 2.3263]

/**
 * Somebody else's machines: whoever else asks makes no difference. What is seen is how long the first token takes, how far that
 * spreads, how it grows with the prompt, and how fast they speak then.
 */
export function fitCloud(stays: readonly Stay[]): ServerOptions {
  const seen = stays.filter(isSeen)
  const firsts = seen.map(({ firstAt, sentAt, readTokens }) => ({ whole: firstAt - sentAt, parts: [1, readTokens] }))
  const [, readMs = 0] = amountsBehind(firsts, 2)
  const delays = firsts.map(({ whole, parts }) => Math.max(whole - readMs * parts[1]!, 1))
  const networkMs = median(delays)
  const spread =
    (Math.log(quantile(delays, 0.9) / networkMs) / z90 + Math.log(quantile(delays, 0.99) / networkMs) / z99) / 2
  const steps = seen.flatMap(({ firstAt, endAt, outputTokens }) =>
    outputTokens > 4 ? [(endAt - firstAt) / (outputTokens - 1)] : [],
  )
  const stepMs = rounded(steps.length > 0 ? median(steps) : 0)
  return {
    networkMs: rounded(networkMs),
    networkSpread: rounded(Math.max(spread, 0)),
    engine: {
      ...(readMs > 1e-4 && { prefillTokensPerSecond: Math.round(1_000 / readMs) }),
      stepMs: [
        [0, stepMs],
        [10_000, stepMs],
      ],
    },
  }
}
