import { isObject, type Edits, type Json } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import { asBuffer, Members, parsed } from '../members.ts'

/** Counts as a server gave them; undefined where it gave none that can be true. */
export function readUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined
  const promptTokens = count(usage['prompt_tokens'])
  const outputTokens = count(usage['completion_tokens'])
  if (promptTokens === undefined && outputTokens === undefined) return undefined
  const cachedTokens = detail(usage['prompt_tokens_details'], 'cached_tokens')
  const cacheWriteTokens = detail(usage['prompt_tokens_details'], 'cache_write_tokens') || undefined
  // SGLang counts them beside the others.
  const reasoningTokens =
    detail(usage['completion_tokens_details'], 'reasoning_tokens') ?? count(usage['reasoning_tokens'])
  return {
    promptTokens: promptTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    ...(cachedTokens !== undefined && { cachedTokens }),
    ...(cacheWriteTokens !== undefined && { cacheWriteTokens }),
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

export function wantsUsage({ stream_options: options }: Json): boolean {
  return isObject(options) && options['include_usage'] === true
}

export function usageEdits(body: Json): Edits | undefined {
  if (body['stream'] !== true || wantsUsage(body)) return undefined
  const options = body['stream_options']
  return { stream_options: { ...(isObject(options) && options), include_usage: true } }
}

export function usageOf(answer: Uint8Array): Usage | undefined {
  // Nearly always it is the last thing said, and a quote within a text would be escaped.
  const bytes = asBuffer(answer)
  const at = bytes.lastIndexOf('"usage":{')
  const usage = at === -1 ? undefined : readUsage(parsed(bytes.toString('latin1', at + 8, bytes.lastIndexOf('}'))))
  if (usage !== undefined) return usage
  const members = new Members(answer)
  return members.find('usage') ? readUsage(members.value()) : undefined
}

export function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

export function detail(details: unknown, name: string): number | undefined {
  return isObject(details) ? count(details[name]) : undefined
}
