import type { Json } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import { Members } from '../members.ts'

/** Counts of a last object. Ollama leaves out what is zero; without either of the two it has counted nothing. */
export function readUsage(line: Json): Usage | undefined {
  const prompt = line['prompt_eval_count']
  const output = line['eval_count']
  if (!isCount(prompt) && !isCount(output)) return undefined
  return { promptTokens: isCount(prompt) ? prompt : 0, outputTokens: isCount(output) ? output : 0 }
}

export function usageOf(answer: Uint8Array): Usage | undefined {
  const counts: Record<string, unknown> = {}
  const members = new Members(answer)
  while (members.next()) {
    const key = members.key()
    if (key === 'prompt_eval_count' || key === 'eval_count') counts[key] = members.value()
  }
  return readUsage(counts)
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
