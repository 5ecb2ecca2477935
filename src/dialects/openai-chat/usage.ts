import { isObject, type Json } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'

/** Counts as a server gave them; undefined where it gave none that can be true. */
export function readUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined
  const promptTokens = count(usage['prompt_tokens'])
  const outputTokens = count(usage['completion_tokens'])
  if (promptTokens === undefined && outputTokens === undefined) return undefined
  const cachedTokens = detail(usage['prompt_tokens_details'], 'cached_tokens')
  // SGLang counts them beside the others.
  const reasoningTokens =
    detail(usage['completion_tokens_details'], 'reasoning_tokens') ?? count(usage['reasoning_tokens'])
  return {
    promptTokens: promptTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    ...(cachedTokens !== undefined && { cachedTokens }),
    ...(reasoningTokens !== undefined && { reasoningTokens }),
  }
}

export function writeUsage(usage: Usage): Json {
  const { promptTokens, outputTokens, cachedTokens, reasoningTokens } = usage
  return {
    prompt_tokens: promptTokens,
    completion_tokens: outputTokens,
    total_tokens: promptTokens + outputTokens,
    ...(cachedTokens !== undefined && { prompt_tokens_details: { cached_tokens: cachedTokens } }),
    ...(reasoningTokens !== undefined && { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
  }
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

function detail(details: unknown, name: string): number | undefined {
  return isObject(details) ? count(details[name]) : undefined
}
