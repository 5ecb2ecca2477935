import type { Fault } from '../../core/fault.ts'
import type { Json } from '../../core/json.ts'
import { complaintUnder200 } from '../complaint.ts'
import { Members } from '../members.ts'
import { repeatedItself } from '../repeats.ts'
import { timesOf } from '../times.ts'

/** Ollama's clients read the sentence; the code beside it is ours, for whoever wants to tell errors apart. */
export const writeFault = (fault: Fault): Json => ({ error: messageOf(fault), code: fault.code, ...timesOf(fault) })

/** Never with `done`: two of its clients take any such line for a good end. */
export const faultFrame = (fault: Fault): string => `${JSON.stringify(writeFault(fault))}\n`

/** After too many equal tokens Ollama just stops: a 200 that is not done. */
export function faultIn(answer: Uint8Array): Fault | undefined {
  const members = new Members(answer)
  if (members.find('done') && members.value() === false) return repeatedItself()
  return complaintUnder200(answer)
}

function messageOf({ kind, message, tokens }: Fault): string {
  if (kind !== 'context-overflow' || tokens === undefined) return message
  const { prompt, max, output } = tokens
  if (output !== undefined) {
    return (
      `the prompt and num_predict are longer than the context length currently available to the model (${prompt} + ${output} of ${max} tokens); ` +
      'shorten the prompt, ask for less, or use a model with a longer context length'
    )
  }
  return (
    `the prompt is longer than the context length currently available to the model (${prompt} of ${max} tokens); ` +
    'shorten the prompt, or use a model with a longer context length'
  )
}
