import { isObject, type Json } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'

/** Counts as a stream tells them: first those of the prompt, then those of the answer, and some servers both at the end. */
export interface Counts {
  input?: number | undefined
  cached?: number | undefined
  written?: number | undefined
  writtenForHour?: number | undefined
  output?: number | undefined
  thinking?: number | undefined
}

export function addCounts(counts: Counts, said: unknown): void {
  if (!isObject(said)) return
  const details = said['output_tokens_details']
  counts.input = countIn(said, 'input_tokens') ?? counts.input
  counts.cached = countIn(said, 'cache_read_input_tokens') ?? counts.cached
  counts.written = countIn(said, 'cache_creation_input_tokens') ?? counts.written
  const written = said['cache_creation']
  if (isObject(written)) counts.writtenForHour = countIn(written, 'ephemeral_1h_input_tokens') ?? counts.writtenForHour
  counts.output = countIn(said, 'output_tokens') ?? counts.output
  if (isObject(details)) counts.thinking = countIn(details, 'thinking_tokens') ?? counts.thinking
}

/** Here the tokens of the input are those that were neither read from a cache nor written to one. */
export function usageFrom({ input, cached, written, writtenForHour, output, thinking }: Counts): Usage | undefined {
  if (input === undefined && output === undefined) return undefined
  return {
    promptTokens: (input ?? 0) + (cached ?? 0) + (written ?? 0),
    outputTokens: output ?? 0,
    ...(cached && { cachedTokens: cached }),
    ...(written && { cacheWriteTokens: written }),
    ...(writtenForHour && { cacheWriteHourTokens: writtenForHour }),
    ...(thinking && { reasoningTokens: thinking }),
  }
}

export function readUsage(said: unknown): Usage | undefined {
  const counts: Counts = {}
  addCounts(counts, said)
  return usageFrom(counts)
}

export function writeUsage(usage: Usage): Json {
  const { promptTokens, outputTokens, cachedTokens = 0, cacheWriteTokens = 0, reasoningTokens } = usage
  return {
    ...writeInput(promptTokens, cachedTokens, cacheWriteTokens),
    output_tokens: outputTokens,
    ...(reasoningTokens !== undefined && { output_tokens_details: { thinking_tokens: reasoningTokens } }),
  }
}

/** For an answer that nobody counted: as many as its letters are likely to be. */
export const guessedUsage = (promptTokens: number, letters: number): Usage => ({
  promptTokens,
  outputTokens: Math.ceil(letters / lettersPerToken),
})

const lettersPerToken = 4

export const writeInput = (promptTokens: number, cachedTokens = 0, cacheWriteTokens = 0): Json => ({
  input_tokens: Math.max(0, promptTokens - cachedTokens - cacheWriteTokens),
  cache_creation_input_tokens: cacheWriteTokens,
  cache_read_input_tokens: cachedTokens,
})

function countIn(said: Json, name: string): number | undefined {
  const value = said[name]
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
