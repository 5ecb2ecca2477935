import { isObject, type Json } from '../../core/json.ts'
import type { TokenLogprob } from '../../core/part.ts'
import { readLogprobs } from '../logprobs.ts'

/** Lists that stand side by side, one place for each token: the form that there was before chats. */
export function readTextLogprobs(said: unknown): readonly TokenLogprob[] | undefined {
  if (!isObject(said)) return undefined
  // llama-server and Ollama give the newer form here too.
  if (Array.isArray(said['content'])) return readLogprobs(said['content'])
  const { tokens, token_logprobs: logprobs, top_logprobs: top } = said
  if (!Array.isArray(tokens) || tokens.length === 0) return undefined
  return tokens.map((token, at) => {
    const tops = Array.isArray(top) ? readTop(top[at]) : []
    return {
      token: String(token),
      logprob: numberOr(Array.isArray(logprobs) ? logprobs[at] : undefined),
      ...(tops.length > 0 && { top: tops }),
    }
  })
}

/** The likeliest first: an object puts names that look like numbers before all others. */
function readTop(top: unknown): TokenLogprob[] {
  if (!isObject(top)) return []
  return Object.entries(top)
    .map(([token, logprob]) => ({ token, logprob: numberOr(logprob) }))
    .toSorted((a, b) => b.logprob - a.logprob)
}

/** Minus infinity is no JSON; where it was meant stands null. */
const numberOr = (logprob: unknown): number => (typeof logprob === 'number' ? logprob : -9_999)

/** `offset` is how many characters of the answer stand before these tokens. */
export function writeTextLogprobs(logprobs: readonly TokenLogprob[], offset: number): Json {
  let at = offset
  return {
    tokens: logprobs.map(({ token }) => token),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ top }) => top && Object.fromEntries(top.map((one) => [one.token, one.logprob]))),
    text_offset: logprobs.map(({ token }) => {
      const start = at
      at += charactersIn(token)
      return start
    }),
  }
}

export function charactersIn(text: string): number {
  let characters = 0
  for (const _ of text) characters += 1
  return characters
}
