import type { Question } from '../answer.ts'
import type { JobEnding, Run } from '../job.ts'
import type { Scribe } from '../telling.ts'
import { anthropicError } from './anthropic-request.ts'
import { childGone, failed, llamacppManners } from './llamacpp-chat.ts'
import { brokeDown, busy } from './ollama-line.ts'
import type { Json } from './request.ts'

/** How a server writes what Anthropic itself writes otherwise. */
export interface AnthropicAccent {
  /** What the first event says of the prompt, and the last of it all. */
  readonly begun: (question: Question, run: Run) => Json
  readonly counted: (run: Run) => Json
  readonly countedWhole: (run: Run) => Json
  /** Thoughts are signed. */
  readonly signs: boolean
  /** What is not so is said to be null. */
  readonly nulls: boolean
  /** A thought is closed, with an empty signature, only after all that follows it. */
  readonly thoughtStaysOpen: boolean
  readonly trouble: (ending: JobEnding | undefined) => string
  readonly refusal: Scribe['refusal']
  readonly head: Scribe['head']
  readonly comment?: string
  readonly deaf?: boolean
}

/** What came from the cache is not among the input. */
const promptUsage = ({ job, cachedTokens }: Run): Json => ({
  input_tokens: job.promptTokens - cachedTokens,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: cachedTokens,
})

const usage = (run: Run): Json => ({ ...promptUsage(run), output_tokens: run.said })

export const anthropicAccent: AnthropicAccent = {
  begun: (_, run) => ({ ...promptUsage(run), output_tokens: 1 }),
  counted: usage,
  countedWhole: usage,
  signs: true,
  nulls: true,
  thoughtStaysOpen: false,
  trouble: () =>
    `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })}\n\n`,
  refusal: (status) =>
    status === 503
      ? { status: 529, text: anthropicError(529, 'Overloaded') }
      : { status, text: anthropicError(status, 'Internal server error') },
  head: 'at once',
  comment: 'event: ping\ndata: {"type":"ping"}\n\n',
}

/** llama-server's: what came from the cache is named first, and its errors are its own. */
export const llamacppAnthropicAccent: AnthropicAccent = {
  begun: (_, run) => ({ ...cachedFirst(run), output_tokens: 0 }),
  counted: ({ said }) => ({ output_tokens: said }),
  countedWhole: (run) => ({ ...cachedFirst(run), output_tokens: run.said }),
  signs: false,
  nulls: true,
  thoughtStaysOpen: true,
  trouble: (ending) =>
    ending === 'killed' ? childGone : `event: error\ndata: ${failed(500, ending).slice('{"error":'.length, -1)}\n\n`,
  ...llamacppManners,
}

const cachedFirst = ({ job, cachedTokens }: Run): Json => ({
  cache_read_input_tokens: cachedTokens,
  input_tokens: job.promptTokens - cachedTokens,
})

/** Ollama's: before the first token it guesses, and an error gets lost. */
export const ollamaAnthropicAccent: AnthropicAccent = {
  begun: ({ prompt }) => ({ input_tokens: Math.ceil(prompt.length / 4), output_tokens: 0 }),
  counted: ({ job, said }) => ({ input_tokens: job.promptTokens, output_tokens: said }),
  countedWhole: ({ job, said }) => ({ input_tokens: job.promptTokens, output_tokens: said }),
  signs: false,
  nulls: false,
  thoughtStaysOpen: false,
  trouble: () => '',
  refusal: (status) => ({ status, text: anthropicError(status, status === 503 ? busy : brokeDown) }),
  head: 'with a token',
}
