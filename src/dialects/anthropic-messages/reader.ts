import { isObject, type Json } from '../../core/json.ts'
import type { Part } from '../../core/part.ts'
import type { Usage } from '../../core/usage.ts'
import { provenReason } from '../answer.ts'
import { readFrame, readReason } from './event.ts'
import { addCounts, type Counts, usageFrom } from './usage.ts'

/** Reads one stream. A whole answer passes for a stream with everything in it. */
export function partReader(onCounted?: (usage: Usage) => void): (frame: string) => Part[] {
  const counts: Counts = {}
  /** Our index of a call by the server's number of its block, while more of its input may come. */
  const calls = new Map<unknown, number>()
  let callsSeen = 0
  /** Why it ended, once that was said. Only the end itself makes it count. */
  let ending: Pick<Extract<Part, { type: 'finish' }>, 'reason' | 'stopSequence'> | undefined

  const noteReason = (said: Json): void => {
    const reason = readReason(said['stop_reason'])
    const { stop_sequence: stopSequence } = said
    if (reason !== undefined) ending = { reason, ...(typeof stopSequence === 'string' && { stopSequence }) }
  }

  const end = (parts: Part[]): void => {
    const { reason, ...more } = ending ?? { reason: 'stop' as const }
    parts.push({ type: 'finish', reason: provenReason(reason, callsSeen), ...more })
    const usage = usageFrom(counts)
    if (usage !== undefined) parts.push({ type: 'usage', usage })
    parts.push({ type: 'end' })
  }

  /** A block as it begins, or the whole of it. */
  const begin = (block: Json, key: unknown, parts: Part[], isWhole: boolean): void => {
    switch (block['type']) {
      case 'text':
        if (isText(block['text'])) parts.push({ type: 'text-delta', text: block['text'] })
        break
      case 'thinking':
        if (isText(block['thinking']) || isText(block['signature'])) parts.push(thought(block))
        break
      case 'tool_use': {
        const index = callsSeen
        callsSeen += 1
        const { id, name, input } = block
        parts.push({
          type: 'tool-start',
          index,
          id: typeof id === 'string' ? id : '',
          name: typeof name === 'string' ? name : '',
        })
        // Some servers give all of it at once; whatever they say of it later is the same again.
        if (isObject(input) && (isWhole || Object.keys(input).length > 0)) {
          parts.push({ type: 'tool-delta', index, arguments: JSON.stringify(input) })
          calls.delete(key)
        } else calls.set(key, index)
        break
      }
    }
  }

  const proceed = (delta: Json, key: unknown, parts: Part[]): void => {
    const { text, partial_json: json } = delta
    switch (delta['type']) {
      case 'text_delta':
        if (isText(text)) parts.push({ type: 'text-delta', text })
        break
      case 'thinking_delta':
      case 'signature_delta':
        if (isText(delta['thinking']) || isText(delta['signature'])) parts.push(thought(delta))
        break
      case 'input_json_delta': {
        const index = calls.get(key)
        if (index !== undefined && isText(json)) parts.push({ type: 'tool-delta', index, arguments: json })
        break
      }
    }
  }

  return (frame) => {
    const parts: Part[] = []
    const event = readFrame(frame)
    if (event === undefined) return parts
    const { type, index, message, content_block: block, delta, usage, content } = event
    switch (type) {
      case 'message_start':
        if (isObject(message)) {
          addCounts(counts, message['usage'])
          const counted = usageFrom(counts)
          if (counted !== undefined) onCounted?.(counted)
        }
        break
      case 'content_block_start':
        if (isObject(block)) begin(block, index, parts, false)
        break
      case 'content_block_delta':
        if (isObject(delta)) proceed(delta, index, parts)
        break
      case 'message_delta':
        addCounts(counts, usage)
        if (isObject(delta)) noteReason(delta)
        break
      case 'message_stop':
        end(parts)
        break
      case 'message':
        if (Array.isArray(content)) content.forEach((one, at) => isObject(one) && begin(one, at, parts, true))
        addCounts(counts, usage)
        noteReason(event)
        if (ending !== undefined) end(parts)
        break
    }
    return parts
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

const thought = ({ thinking, signature }: Json): Part => ({
  type: 'thinking-delta',
  text: typeof thinking === 'string' ? thinking : '',
  ...(isText(signature) && { signature }),
})
