import { isObject, type Json } from '../core/json.ts'
import type { TokenLogprob } from '../core/part.ts'

/** The form that OpenAI began and Ollama took over: how likely each token was, and what else might have stood there. */
export function readLogprobs(list: unknown): readonly TokenLogprob[] | undefined {
  if (!Array.isArray(list)) return undefined
  const read = list.filter(isObject).map((one) => ({ ...readOne(one), ...topOf(one) }))
  return read.length === 0 ? undefined : read
}

function readOne({ token, logprob, bytes }: Json): Omit<TokenLogprob, 'top'> {
  return {
    token: typeof token === 'string' ? token : '',
    // Minus infinity is no JSON; where it was meant stands null.
    logprob: typeof logprob === 'number' ? logprob : -9_999,
    ...(Array.isArray(bytes) && { bytes: bytes.filter((byte) => typeof byte === 'number') }),
  }
}

function topOf({ top_logprobs: top }: Json): Pick<TokenLogprob, 'top'> {
  return Array.isArray(top) && top.length > 0 ? { top: top.filter(isObject).map(readOne) } : {}
}

export const writeLogprobs = (logprobs: readonly TokenLogprob[]): Json[] =>
  logprobs.map((one) => ({ ...writeOne(one), top_logprobs: (one.top ?? []).map(writeOne) }))

const writeOne = ({ token, logprob, bytes }: Omit<TokenLogprob, 'top'>): Json => ({
  token,
  logprob,
  bytes: bytes ?? [...Buffer.from(token)],
})
