/** What came of one question. */
export interface Sample {
  /** When it was asked, by the world's clock. */
  readonly atMs: number
  /** From then to the first token that the answer shows; undefined when none came. */
  readonly firstTokenMs: number | undefined
  /** From then to its end, good or bad. */
  readonly totalMs: number
  /** As the server counted them. */
  readonly promptTokens: number
  readonly outputTokens: number
  /** The kind of Fault that it ended with; undefined for a whole answer. */
  readonly fault: string | undefined
  /** What was said of it, for people. */
  readonly complaint?: string | undefined
  /** How long to stay away, where that was said. */
  readonly retryAfterMs?: number | undefined
  /** Who answered, where that is known. */
  readonly upstream: string | undefined
}

/** Between two tokens of an answer, on average; undefined where there were not two. */
export function tokenMsOf({ firstTokenMs, totalMs, outputTokens }: Sample): number | undefined {
  if (firstTokenMs === undefined || outputTokens < 2) return undefined
  return (totalMs - firstTokenMs) / (outputTokens - 1)
}

/**
 * Tokens that were said between two moments. Of an answer nobody keeps when each came, so they are spread evenly from its
 * first to its last: of one that reaches into the span from outside, only its share in it counts.
 */
export function tokensBetween(samples: readonly Sample[], fromMs: number, toMs: number): number {
  let tokens = 0
  for (const { atMs, firstTokenMs, totalMs, outputTokens } of samples) {
    if (firstTokenMs === undefined) continue
    const beganMs = atMs + firstTokenMs
    const endedMs = atMs + totalMs
    const spanMs = endedMs - beganMs
    if (spanMs <= 0) tokens += endedMs > fromMs && endedMs <= toMs ? outputTokens : 0
    else tokens += (outputTokens * Math.max(0, Math.min(endedMs, toMs) - Math.max(beganMs, fromMs))) / spanMs
  }
  return tokens
}
