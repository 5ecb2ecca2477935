import { isObject, type Json } from '../../core/json.ts'

/** What in a request only a server with a memory can answer, in words for the caller; undefined for nothing. */
export function leansOn(body: Json): string | undefined {
  const { previous_response_id: previous, conversation, prompt, background, input } = body
  if (isGiven(previous)) return 'previous_response_id: send the whole conversation as input instead'
  if (isGiven(conversation)) return 'conversation: send the whole of it as input instead'
  if (isGiven(prompt)) return 'prompt: send what the template says as instructions and input instead'
  if (background === true) return 'background: wait for the answer or read it as a stream instead'
  // What the AI SDK sends of earlier turns unless it is told that nothing is stored.
  if (Array.isArray(input) && input.some(isReference))
    return 'item_reference: send the items themselves instead (set store to false)'
  return undefined
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

const isReference = (item: unknown): boolean => isObject(item) && item['type'] === 'item_reference'
