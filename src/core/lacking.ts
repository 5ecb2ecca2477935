import type { Need } from './ask.ts'
import { Fault } from './fault.ts'

/** A model cannot do what the request needs of it. */
export function lacking(model: string, need: Need): Fault {
  // The words in which Ollama says it: clients look for them.
  return new Fault('not-capable', `"${model}" does not support ${words[need]}`)
}

const words: Readonly<Record<Need, string>> = {
  chat: 'chat',
  text: 'completions of plain text',
  infill: 'insert: it cannot fill a gap between two texts',
  vectors: 'embeddings',
  tools: 'tools',
  vision: 'vision: it cannot look at images',
  audio: 'audio',
  thinking: 'thinking',
  logprobs: 'logprobs',
  memory:
    'requests that lean on what a server has kept (previous_response_id, conversation, item_reference, background): send the whole conversation instead, with store set to false',
}
