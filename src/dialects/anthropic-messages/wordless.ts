import type { Prompt, Sampling } from '../../core/prompt.ts'
import { refuse } from '../fields.ts'

type Wordless = 'text' | 'logprobs' | 'cacheKey' | Exclude<keyof Sampling, 'temperature' | 'topP' | 'topK'>

/**
 * What a caller may ask for and Anthropic has no words for: the sentence of its refusal where the answer would be another
 * one, undefined where it is left out. Seeds and penalties turn the words of an answer, not its meaning.
 */
const fates: Readonly<Record<Wordless, string | undefined>> = {
  text: 'The server for this model holds conversations; it carries on no plain text.',
  logprobs: 'logprobs are not to be had from the server for this model.',
  cacheKey: undefined,
  seed: undefined,
  minP: undefined,
  frequencyPenalty: undefined,
  presencePenalty: undefined,
  repeatPenalty: undefined,
}

export function refuseWordless(prompt: Prompt): void {
  const said: Readonly<Partial<Record<Wordless, unknown>>> = { ...prompt.sampling, ...prompt }
  for (const name in fates) {
    const refusal = fates[name as Wordless]
    if (refusal !== undefined && said[name as Wordless] !== undefined) throw refuse(refusal)
  }
}
