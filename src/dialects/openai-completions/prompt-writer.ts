import type { Json } from '../../core/json.ts'
import type { Prompt } from '../../core/prompt.ts'
import { known, refuse } from '../fields.ts'
import { writeSampling } from '../openai/sampling.ts'

/** Writes a request. How much to think is not said: a plain text is carried on as it stands. */
export function writePrompt(prompt: Prompt): Json {
  const { text, format, stop } = prompt
  if (text === undefined) throw refuse('The server for this model only carries on plain texts; a conversation is none.')
  if (format !== undefined)
    throw refuse('format: the server for this model knows none for a plain text; leave raw and suffix out.')
  return known({
    model: prompt.model,
    prompt: text.before,
    suffix: text.after,
    echo: text.echo,
    stream: prompt.stream,
    max_tokens: prompt.outputTokensMax,
    ...writeSampling(prompt.sampling),
    stop: stop.length > 0 ? stop : undefined,
    user: prompt.user,
    logprobs: prompt.logprobs,
  })
}
