import type { Begun } from '../core/dialect.ts'
import type { Message, PlainText, Prompt } from '../core/prompt.ts'
import type { Usage } from '../core/usage.ts'

/**
 * The prompt that makes a model go on where an answer stopped. Undefined where a seam would show: a form or a choice of
 * tools begins anew, probabilities are told of each half alone, and a gap has two sides.
 */
export function restOf(prompt: Prompt, said: string, outputTokensMax: number | undefined): Prompt | undefined {
  const { messages, text, format, logprobs, toolChoice } = prompt
  if (format !== undefined || logprobs !== undefined) return undefined
  if (toolChoice?.type === 'required' || toolChoice?.type === 'tool') return undefined
  if (text !== undefined) {
    const longer = lengthened(text, said)
    return longer && { ...prompt, text: longer, outputTokensMax }
  }
  // Nothing was said but that it would: it is asked as it was before.
  if (said === '') return { ...prompt, outputTokensMax }
  const turns = withAnswer(messages, said)
  // Where the model was to think, it has done so.
  return turns && { ...prompt, messages: turns, continues: true, outputTokensMax, reasoning: undefined }
}

function lengthened({ before, after, echo }: PlainText, said: string): PlainText | undefined {
  return after !== undefined || echo === true ? undefined : { before: before + said, after }
}

/** Servers take one message of an assistant at the end, not two. */
function withAnswer(messages: readonly Message[], said: string): readonly Message[] | undefined {
  const last = messages.at(-1)
  if (last?.role !== 'assistant') return [...messages, answer(said)]
  const [only] = last.content
  if (last.content.length !== 1 || only?.type !== 'text' || last.toolCalls.length > 0) return undefined
  return [...messages.slice(0, -1), answer(only.text + said)]
}

const answer = (text: string): Message => ({
  role: 'assistant',
  content: [{ type: 'text', text }],
  toolCalls: [],
  toolCallId: undefined,
  name: undefined,
})

/** What an answer took in all, by the count of the server that ended it: what was begun is no prompt to its caller. */
export function wholeUsage({ promptTokens, outputTokens, cachedTokens, ...more }: Usage, { tokens }: Begun): Usage {
  const promptWhole = Math.max(0, promptTokens - tokens)
  return {
    ...more,
    promptTokens: promptWhole,
    outputTokens: tokens + outputTokens,
    ...(cachedTokens !== undefined && { cachedTokens: Math.min(cachedTokens, promptWhole) }),
    // How the tokens fall to the two sides was counted by pieces, not by tokens.
    estimated: true,
  }
}
