import { isObject, type Json } from '../../core/json.ts'

/** What is in the messages of a request beside text, as far as admission asks. */
export interface Media {
  readonly hasPicture: boolean
  /** By how much their text weighs more than a model makes of it; below zero when it weighs less. */
  readonly surplusTokens: number
}

const bytesPerToken = 4
/** What one picture or document costs, whatever it weighs: near enough for a queue. */
const mediumTokens = 600

/** Looks for pictures and documents where they may stand: in messages, and in the results of tools. */
export function mediaIn(messages: readonly unknown[]): Media {
  let hasPicture = false
  let pieces = 0
  let bytes = 0
  const look = (content: unknown): void => {
    if (!Array.isArray(content)) return
    for (const block of content as readonly unknown[]) {
      if (!isObject(block)) continue
      const { type, source } = block
      if (type === 'image') hasPicture = true
      if (type === 'tool_result') look(block['content'])
      else if (type === 'thinking') bytes += lengthOf(block['signature'])
      else if (type === 'redacted_thinking') bytes += lengthOf(block['data'])
      else if (isObject(source) && source['type'] !== 'text') {
        pieces += 1
        bytes += lengthOf(source['data'])
      }
    }
  }
  for (const message of messages) look((message as Json)['content'])
  return { hasPicture, surplusTokens: Math.floor(bytes / bytesPerToken) - pieces * mediumTokens }
}

const lengthOf = (value: unknown): number => (typeof value === 'string' ? value.length : 0)
