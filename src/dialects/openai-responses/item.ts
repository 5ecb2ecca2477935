import type { Json } from '../../core/json.ts'
import type { TokenLogprob } from '../../core/part.ts'
import { writeLogprobs } from '../logprobs.ts'
import { freeTextOf } from './tools.ts'

/** An item of an answer that is being told. */
export type Item = TextItem | CallItem

interface CommonItem {
  /** Its place in the answer. */
  readonly at: number
  readonly id: string
}

export interface TextItem extends CommonItem {
  readonly kind: 'text' | 'thought'
  text: string
  readonly logprobs: TokenLogprob[]
}

export interface CallItem extends CommonItem {
  readonly kind: 'call' | 'free-text-call'
  readonly callId: string
  readonly name: string
  arguments: string
}

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

/** An item as a whole; of one in progress nothing is told yet. */
export function writeItem(item: Item, status: ItemStatus): Json {
  const { id } = item
  const isBegun = status === 'in_progress'
  switch (item.kind) {
    case 'text':
      return { type: 'message', id, status, role: 'assistant', content: isBegun ? [] : [textPart(item)] }
    case 'thought':
      return { type: 'reasoning', id, summary: isBegun ? [] : [thoughtPart(item)] }
    case 'call':
      return { type: 'function_call', id, status, call_id: item.callId, name: item.name, arguments: item.arguments }
    case 'free-text-call': {
      const input = isBegun ? '' : freeTextOf(item.arguments)
      // Clients take no other end than a completed one.
      const end = isBegun ? status : 'completed'
      return { type: 'custom_tool_call', id, status: end, call_id: item.callId, name: item.name, input }
    }
  }
}

export const textPart = ({ text, logprobs }: Pick<TextItem, 'text' | 'logprobs'>): Json => ({
  type: 'output_text',
  text,
  annotations: [],
  logprobs: writeLogprobs(logprobs),
})

/**
 * Thoughts are told as a summary, which all clients show and send back. What OpenAI calls the text of a thought, most of
 * them do not know.
 */
export const thoughtPart = ({ text }: Pick<TextItem, 'text'>): Json => ({ type: 'summary_text', text })
