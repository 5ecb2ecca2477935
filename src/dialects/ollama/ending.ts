import type { AnswerAbout } from '../../core/dialect.ts'
import type { Json } from '../../core/json.ts'
import type { FinishReason, TokenLogprob } from '../../core/part.ts'
import type { Usage } from '../../core/usage.ts'
import { writeLogprobs } from '../logprobs.ts'

const nanosPerMs = 1_000_000

/** The members of a last object. Its durations are ours: the server that counted the tokens did not time them. */
export function ending(
  about: AnswerAbout,
  seen: { reason: FinishReason; usage: Usage | undefined; firstMs: number | undefined },
): Json {
  const { reason, usage, firstMs } = seen
  const endMs = about.epochMs()
  const splitMs = firstMs ?? endMs
  return {
    done: true,
    // There is no reason of its own for calls: they stand in the message.
    done_reason: reason === 'length' ? 'length' : 'stop',
    total_duration: nanos(about.createdMs, endMs),
    ...(usage !== undefined && {
      prompt_eval_count: usage.promptTokens,
      prompt_eval_duration: nanos(about.createdMs, splitMs),
      eval_count: usage.outputTokens,
      eval_duration: nanos(splitMs, endMs),
    }),
  }
}

/** How long the whole of it took until now. */
export const durationSince = (about: AnswerAbout): number => nanos(about.createdMs, about.epochMs())

const nanos = (fromMs: number, toMs: number): number => Math.round(Math.max(toMs - fromMs, 0) * nanosPerMs)

export const logprobsText = (logprobs: readonly TokenLogprob[]): string =>
  `,"logprobs":${JSON.stringify(writeLogprobs(logprobs))}`

export const dateOf = (about: AnswerAbout): string => new Date(about.epochMs()).toISOString()
