import type { CarryOn } from '../core/dialect.ts'
import { isObject, type Edits, type Json } from '../core/json.ts'

/** Where words may follow any frame but the last. */
const always: CarryOn['follow'] = () => () => true

/** Fields of llama-server that hold an answer to a form: it would begin anew. */
const isFormed = ({ grammar, json_schema: schema }: Json): boolean => Boolean(grammar) || isObject(schema)

/** The limit under the name by which the caller set it. */
function limitEdit(body: Json, tokensLeft: number | undefined): Edits {
  if (tokensLeft === undefined) return {}
  const { max_completion_tokens: limit } = body
  return typeof limit === 'number' ? { max_completion_tokens: tokensLeft } : { max_tokens: tokensLeft }
}

export const inChat: CarryOn = {
  follow: always,
  edits(body, text, tokensLeft) {
    const { messages } = body
    if (isFormed(body) || !Array.isArray(messages)) return undefined
    const edits = limitEdit(body, tokensLeft)
    if (text === '') return edits
    const last: unknown = messages.at(-1)
    if (!isObject(last) || last['role'] !== 'assistant')
      return { ...edits, messages: [...(messages as unknown[]), { role: 'assistant', content: text }] }
    const begun = last['content']
    if (typeof begun !== 'string') return undefined
    return { ...edits, messages: [...(messages.slice(0, -1) as unknown[]), { ...last, content: begun + text }] }
  },
}

export const inText: CarryOn = {
  follow: always,
  edits(body, text, tokensLeft) {
    const { prompt } = body
    if (isFormed(body) || typeof prompt !== 'string') return undefined
    return { ...limitEdit(body, tokensLeft), prompt: prompt + text }
  },
}

/** No server is known that goes on to the letter when it is asked in these lines. */
export const inLines: CarryOn = { follow: always }

/** Words follow in the block that is open; a block that is closed, or not yet open, takes none. */
export const inBlocks: CarryOn = {
  follow() {
    let isOpen = false
    return (frame) => {
      if (frame.includes('"text_delta"')) isOpen = true
      else if (frame.includes('content_block')) isOpen = false
      return isOpen
    }
  },
}
