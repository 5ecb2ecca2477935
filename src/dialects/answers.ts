import type { Json } from '../core/json.ts'

/** How many answers a body asks for at once, each of them as long as the limit allows; undefined for one. */
export function answersIn({ n, best_of: bestOf }: Json, prompts = 1): number | undefined {
  const answers = Math.max(countOf(n), countOf(bestOf)) * prompts
  return answers > 1 ? answers : undefined
}

const countOf = (value: unknown): number => (typeof value === 'number' && value > 1 ? Math.ceil(value) : 1)
