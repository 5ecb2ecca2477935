import { isObject, type Json } from '../../core/json.ts'
import type { Part } from '../../core/part.ts'
import { provenReason } from '../answer.ts'
import { readLogprobs } from '../logprobs.ts'
import { readEnd, readFrame, responseOf } from './event.ts'
import { argumentsOfFreeText } from './tools.ts'
import { readUsage } from './usage.ts'

/** A piece of the answer as it comes in: a text, a thought, or a call. */
interface Item {
  /** Of a call: which one of the answer. */
  readonly index: number
  /** It was told already, at least in part. */
  isTold: boolean
  /** Of a thought: where its text comes from. Some servers tell the thought and its summary. */
  from?: string
  summary?: unknown
}

/** Reads one stream. A whole answer passes for a stream of one event. */
export function partReader(): (frame: string) => Part[] {
  const reader = new ResponseReader()
  return (frame) => reader.read(frame)
}

class ResponseReader {
  /** By each of their keys. */
  readonly #items = new Map<string, Item>()
  #calls = 0
  #parts: Part[] = []

  read(text: string): Part[] {
    const parts: Part[] = []
    this.#parts = parts
    const event = readFrame(text)
    if (event !== undefined) this.#hear(event.type, event.json)
    return parts
  }

  #hear(type: string, event: Json): void {
    switch (type) {
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        return this.#hearText(event)
      case 'response.reasoning_text.delta':
      case 'response.reasoning_summary_text.delta':
        return this.#hearThought(type, event)
      case 'response.output_item.added':
        if (isObject(event['item'])) this.#begin(event['item'], event)
        return
      case 'response.function_call_arguments.delta':
        return this.#hearArguments(this.#find(event['item_id'], event), event['delta'])
      case 'response.function_call_arguments.done': {
        const call = this.#find(event['item_id'], event)
        if (call?.isTold === false) this.#hearArguments(call, event['arguments'])
        return
      }
      // Free text becomes a string within arguments: it waits until it is whole.
      case 'response.custom_tool_call_input.done':
        return this.#hearArguments(this.#find(event['item_id'], event), freeTextIn(event))
      case 'response.output_item.done':
        if (isObject(event['item'])) this.#complete(event['item'], event)
        return
      case 'response.completed':
      case 'response.incomplete':
        return this.#end(responseOf(event))
      case 'whole':
        return this.#end(event)
    }
  }

  #hearText(event: Json): void {
    this.#itemOf(event).isTold = true
    this.#tell(event['delta'], event['logprobs'])
  }

  #tell(text: unknown, probabilities?: unknown): void {
    const logprobs = readLogprobs(probabilities)
    if (typeof text !== 'string' || (text === '' && logprobs === undefined)) return
    this.#parts.push({ type: 'text-delta', text, ...(logprobs !== undefined && { logprobs }) })
  }

  #hearThought(type: string, event: Json): void {
    const { delta, summary_index: summary } = event
    const item = this.#itemOf(event)
    item.from ??= type
    if (item.from !== type || typeof delta !== 'string' || delta === '') return
    const isNext = item.isTold && item.summary !== summary
    item.isTold = true
    item.summary = summary
    this.#parts.push({ type: 'thinking-delta', text: isNext ? `\n\n${delta}` : delta })
  }

  /** A call that was not announced waits until it is told as a whole. */
  #hearArguments(call: Item | undefined, said: unknown): void {
    // Some servers give the object that the text should be of.
    const text = isObject(said) ? JSON.stringify(said) : said
    if (call === undefined || call.index < 0 || typeof text !== 'string' || text === '') return
    call.isTold = true
    this.#parts.push({ type: 'tool-delta', index: call.index, arguments: text })
  }

  #begin(item: Json, event: Json): Item {
    const { id, type, call_id: callId, name } = item
    const isCall = type === 'function_call' || type === 'custom_tool_call'
    const begun = { index: isCall ? this.#calls : -1, isTold: false }
    for (const key of keysOf(id, event)) this.#items.set(key, begun)
    if (isCall) {
      this.#calls += 1
      this.#parts.push({ type: 'tool-start', index: begun.index, id: textOr(callId, ''), name: textOr(name, '') })
    }
    return begun
  }

  /** An item as a whole: what was told in pieces is no news. */
  #complete(item: Json, event: Json): void {
    const known = this.#find(item['id'], event) ?? this.#begin(item, event)
    if (known.isTold) return
    known.isTold = true
    switch (item['type']) {
      case 'message':
        for (const part of listOf(item['content'])) this.#tell(part['text'] ?? part['refusal'], part['logprobs'])
        return
      case 'reasoning': {
        const text = textsOf(item['content']).join('') || textsOf(item['summary']).join('\n\n')
        if (text !== '') this.#parts.push({ type: 'thinking-delta', text })
        return
      }
      case 'function_call':
        return this.#hearArguments(known, item['arguments'])
      case 'custom_tool_call':
        return this.#hearArguments(known, freeTextIn(item))
    }
  }

  #end(response: Json): void {
    const said = readEnd(response)
    // Whoever told nothing on the way may tell it all at the end.
    if (this.#items.size === 0) {
      listOf(response['output']).forEach((item, at) => this.#complete(item, { output_index: at }))
    }
    if (said === undefined) return
    this.#parts.push({ type: 'finish', reason: provenReason(said, this.#calls) })
    const usage = readUsage(response['usage'])
    if (usage !== undefined) this.#parts.push({ type: 'usage', usage })
    this.#parts.push({ type: 'end' })
  }

  #itemOf(event: Json): Item {
    const found = this.#find(event['item_id'], event)
    if (found !== undefined) return found
    const item = { index: -1, isTold: false }
    for (const key of keysOf(event['item_id'], event)) this.#items.set(key, item)
    return item
  }

  #find(id: unknown, event: Json): Item | undefined {
    for (const key of keysOf(id, event)) {
      const item = this.#items.get(key)
      if (item !== undefined) return item
    }
    return undefined
  }
}

/** What an item is known by: its id, which some servers leave out or change, and its place, which Ollama gives twice. */
function keysOf(id: unknown, { output_index: at }: Json): string[] {
  const keys = typeof id === 'string' && id !== '' ? [id] : []
  if (typeof at === 'number' || keys.length === 0) keys.push(`#${String(at)}`)
  return keys
}

const freeTextIn = ({ input }: Json): string => argumentsOfFreeText(textOr(input, ''))

const textOr = (value: unknown, other: string): string => (typeof value === 'string' ? value : other)

const listOf = (value: unknown): Json[] => (Array.isArray(value) ? (value as unknown[]).filter(isObject) : [])

const textsOf = (parts: unknown): string[] => listOf(parts).map(({ text }) => textOr(text, ''))
