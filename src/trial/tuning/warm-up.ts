import type { Questions } from '../question.ts'
import type { Sample } from '../sample.ts'
import type { Target } from '../target.ts'

/** Enough to see how many tokens a word has. */
const words = 60

/**
 * Asks twice and alone, so that the model is in memory and it is known how many tokens it makes of a word. Gives back the
 * sample of the one that failed, where one did.
 */
export async function warmUp(target: Target, questions: Questions, signal: AbortSignal): Promise<Sample | undefined> {
  const bare = await target.ask({ text: questions.textOf(0), outputTokens: 2 }, signal)
  if (bare.fault !== undefined) return bare
  const full = await target.ask({ text: questions.textOf(words), outputTokens: 2 }, signal)
  if (full.fault !== undefined) return full
  questions.learn(bare.promptTokens, words, full.promptTokens)
  return undefined
}
