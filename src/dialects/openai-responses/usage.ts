import { isObject, type Json } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import { count, detail } from '../openai/usage.ts'

/** Counts as a server gave them; undefined where it gave none that can be true. */
export function readUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined
  const promptTokens = count(usage['input_tokens'])
  const outputTokens = count(usage['output_tokens'])
  if (promptTokens === undefined && outputTokens === undefined) return undefined
  const { input_tokens_details: input, output_tokens_details: output } = usage
  // The details are required here: who does not count them says zero.
  const cachedTokens = detail(input, 'cached_tokens') || undefined
  const cacheWriteTokens = detail(input, 'cache_write_tokens') || undefined
  const reasoningTokens = detail(output, 'reasoning_tokens') || undefined
  return {
    promptTokens: promptTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    ...(cachedTokens !== undefined && { cachedTokens }),
    ...(cacheWriteTokens !== undefined && { cacheWriteTokens }),
    ...(reasoningTokens !== undefined && { reasoningTokens }),
  }
}

export const writeUsage = ({ promptTokens, outputTokens, ...details }: Usage): Json => ({
  input_tokens: promptTokens,
  input_tokens_details: {
    cached_tokens: details.cachedTokens ?? 0,
    cache_write_tokens: details.cacheWriteTokens ?? 0,
  },
  output_tokens: outputTokens,
  output_tokens_details: { reasoning_tokens: details.reasoningTokens ?? 0 },
  total_tokens: promptTokens + outputTokens,
})
