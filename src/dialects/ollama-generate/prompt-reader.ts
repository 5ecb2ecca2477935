import type { Json } from '../../core/json.ts'
import type { Content, Message, Prompt } from '../../core/prompt.ts'
import { listIn, optionalFlag, optionalText, refuse } from '../fields.ts'
import { readImages } from '../ollama/content.ts'
import { readManner } from '../ollama/manner.ts'

/** Reads a request. What the server's own template would make of it, or has made of it before, is unknown elsewhere. */
export function readPrompt(body: Json): Prompt {
  const prompt = optionalText(body['prompt'], 'prompt') ?? ''
  const suffix = optionalText(body['suffix'], 'suffix') ?? ''
  const system = optionalText(body['system'], 'system') ?? ''
  const images = readImages(body['images'], 'images')
  const isRaw = optionalFlag(body['raw'], 'raw') === true
  refuseUnsayable(body)
  const manner = readManner(body)
  const rest = { tools: [], toolChoice: undefined, parallelTools: undefined, user: undefined }
  if (!isRaw && suffix === '') return { ...manner, ...rest, messages: turn(system, prompt, images) }
  if (images.length > 0) throw refuse('images: a plain text has none; leave raw and suffix out.')
  if (isRaw && system !== '') throw refuse('system: with raw the prompt stands alone; put it in there.')
  const text = { before: prompt, after: isRaw ? undefined : suffix }
  return { ...manner, ...rest, messages: [], text, reasoning: undefined }
}

function refuseUnsayable(body: Json): void {
  if (optionalText(body['template'], 'template'))
    throw refuse('template: the server for this model has its own; send the whole text with raw instead.')
  if (listIn(body['context'], 'context').length > 0)
    throw refuse('context: only the server that gave it understands it; send the conversation to /api/chat instead.')
}

function turn(system: string, prompt: string, images: readonly Content[]): Message[] {
  const said: Content[] = prompt === '' ? [...images] : [{ type: 'text', text: prompt }, ...images]
  const user = message('user', said)
  return system === '' ? [user] : [message('system', [{ type: 'text', text: system }]), user]
}

const message = (role: Message['role'], content: readonly Content[]): Message => ({
  role,
  content,
  toolCalls: [],
  toolCallId: undefined,
  name: undefined,
})
