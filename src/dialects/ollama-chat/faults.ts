import type { Fault } from '../../core/fault.ts'
import type { Json } from '../../core/json.ts'

/** Ollama's clients read the sentence; the code beside it is ours, for whoever wants to tell errors apart. */
export const writeFault = (fault: Fault): Json => ({ error: messageOf(fault), code: fault.code })

/** Never with `done`: two of its clients take any such line for a good end. */
export const faultFrame = (fault: Fault): string => `${JSON.stringify(writeFault(fault))}\n`

function messageOf({ kind, message, tokens }: Fault): string {
  if (kind !== 'context-overflow' || tokens === undefined) return message
  return (
    `the prompt is longer than the context length currently available to the model (${tokens.prompt} of ${tokens.max} tokens); ` +
    'shorten the prompt, or use a model with a longer context length'
  )
}
