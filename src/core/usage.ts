/** Tokens of one answer. Prompt tokens include the cached ones; output tokens include the reasoning ones. */
export interface Usage {
  readonly promptTokens: number
  readonly outputTokens: number
  readonly cachedTokens?: number
  /** Of the prompt, what was written to a cache and costs more for it. */
  readonly cacheWriteTokens?: number
  /** Of these, what is to stay there for an hour and costs still more. */
  readonly cacheWriteHourTokens?: number
  readonly reasoningTokens?: number
  /** True when no server counted them and the numbers are our own guess. */
  readonly estimated?: boolean
}

export const noUsage: Usage = { promptTokens: 0, outputTokens: 0 }
