import type { Json } from '../../core/json.ts'
import type { PlainText, Prompt } from '../../core/prompt.ts'
import { known, refuse } from '../fields.ts'
import { writeContent } from '../ollama/content.ts'
import { writeManner } from '../ollama/manner.ts'

/** Writes a request: a plain text, or the one question of a conversation that has just begun. */
export function writePrompt(prompt: Prompt): Json {
  const { model, text } = prompt
  if (text === undefined) return { model, ...writeTurn(prompt), ...writeManner(prompt) }
  // Otherwise Ollama looks for thoughts even in what is raw, and takes them out of the text.
  return { model, ...writeText(text), ...writeManner(prompt), think: false }
}

function writeText({ before, after, echo }: PlainText): Json {
  if (echo === true) throw refuse('echo: the server for this model does not repeat the prompt.')
  if (before === '') throw refuse('prompt: the server for this model needs a text to begin with.')
  // What stands around a gap is put together by the template of the model.
  return after === undefined ? { prompt: before, raw: true } : { prompt: before, suffix: after }
}

function writeTurn({ messages, tools, toolChoice, continues }: Prompt): Json {
  const system = messages[0]?.role === 'system' ? messages[0] : undefined
  const turns = system === undefined ? messages : messages.slice(1)
  const [user] = turns
  if (turns.length !== 1 || user?.role !== 'user' || continues === true)
    throw refuse('messages: the server for this model takes one message of a user, after one of the system at most.')
  if (tools.length > 0 && toolChoice?.type !== 'none') throw refuse('tools are not known to the server for this model.')
  const instructions = system && writeContent(system.content, 'messages[0]')
  if (instructions !== undefined && instructions.images.length > 0)
    throw refuse('messages[0]: the system can only say text to the server for this model.')
  const { text, images } = writeContent(user.content, `messages[${messages.length - 1}]`)
  if (text === '') throw refuse('messages: the server for this model needs a text to answer to.')
  return known({
    prompt: text,
    system: instructions?.text || undefined,
    images: images.length > 0 ? images : undefined,
  })
}
