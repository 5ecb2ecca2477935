import type { Question } from '../answer.ts'
import type { Run } from '../job.ts'
import type { Scribe, Told } from '../telling.ts'
import type { AnthropicAccent } from './anthropic-accents.ts'
import { argumentsIn, type Json } from './request.ts'

type Block = 'thinking' | 'text' | 'tool_use'

export function anthropicScribe(question: Question, id: string, accent: AnthropicAccent): Scribe {
  const { model, tool } = question
  const { signs, thoughtStaysOpen } = accent
  let index = -1
  let open: Block | undefined
  let hasThought = false
  const closeThought = (at: number, sign: string): string =>
    `${event('content_block_delta', `"index":${at},"delta":${JSON.stringify({ type: 'signature_delta', signature: sign })}`)}${stop(at)}`
  const closeBlock = (): string => {
    if (open === undefined || (open === 'thinking' && thoughtStaysOpen)) return ''
    return open === 'thinking' && signs ? closeThought(index, signature(question.asked)) : stop(index)
  }
  const turnTo = (kind: Block, block: Json): string => {
    if (open === kind) return ''
    const closed = closeBlock()
    open = kind
    index += 1
    return `${closed}${event('content_block_start', `"index":${index},"content_block":${JSON.stringify(block)}`)}`
  }
  const delta = (type: string, field: string, text: string): string =>
    event('content_block_delta', `"index":${index},"delta":{"type":"${type}","${field}":${JSON.stringify(text)}}`)
  const stopFields = (reason: string | null): Json =>
    accent.nulls ? { stop_reason: reason, stop_sequence: null } : { ...(reason !== null && { stop_reason: reason }) }
  const message = (content: readonly Json[], reason: string | null, counts: Json): Json => ({
    id,
    type: 'message',
    role: 'assistant',
    model,
    content,
    ...stopFields(reason),
    usage: counts,
  })
  const begin = (run: Run): string =>
    event('message_start', `"message":${JSON.stringify(message([], null, accent.begun(question, run)))}`)
  const callId = `toolu_${id.replace(/\W/g, '')}`
  return {
    streamType: 'text/event-stream; charset=utf-8',
    head: accent.head,
    ...(accent.comment !== undefined && { comment: accent.comment }),
    ...(accent.deaf !== undefined && { deaf: accent.deaf }),
    thought(text, at, run) {
      hasThought = true
      const block = { type: 'thinking', thinking: '', ...(signs && { signature: '' }) }
      return `${at === 0 ? begin(run) : ''}${turnTo('thinking', block)}${delta('thinking_delta', 'thinking', text)}`
    },
    token(text, at, run) {
      const before = at === 0 ? begin(run) : ''
      if (tool === undefined)
        return `${before}${turnTo('text', { type: 'text', text: '' })}${delta('text_delta', 'text', text)}`
      const block = { type: 'tool_use', id: callId, name: tool.name, ...(!thoughtStaysOpen && { input: {} }) }
      return `${before}${turnTo('tool_use', block)}${delta('input_json_delta', 'partial_json', text)}`
    },
    closing(told) {
      const reason = JSON.stringify(stopFields(stopOf(told)))
      const late = hasThought && thoughtStaysOpen ? closeThought(0, '') : ''
      const end = event('message_delta', `"delta":${reason},"usage":${JSON.stringify(accent.counted(told.run))}`)
      return `${late}${closeBlock()}${end}event: message_stop\ndata: {"type":"message_stop"}\n\n`
    },
    trouble: accent.trouble,
    whole({ text, thought }, told) {
      const thinking = { type: 'thinking', thinking: thought, ...(signs && { signature: signature(question.asked) }) }
      const call = { type: 'tool_use', id: callId, name: tool?.name, input: argumentsIn(text) }
      const said = tool === undefined ? { type: 'text', text } : call
      const content = [...(thought === '' ? [] : [thinking]), ...(text === '' ? [] : [said])]
      return JSON.stringify(message(content, stopOf(told), accent.countedWhole(told.run)))
    },
    refusal: accent.refusal,
  }
}

const event = (type: string, fields: string): string => `event: ${type}\ndata: {"type":"${type}",${fields}}\n\n`

const stop = (index: number): string => event('content_block_stop', `"index":${index}`)

/** Proof that a thought was this server's own. */
const signature = (asked: string): string => Buffer.from(`thought of ${asked}`).toString('base64')

const stopOf = ({ answer }: Told): string =>
  answer.finish === 'length' ? 'max_tokens' : answer.toolName === undefined ? 'end_turn' : 'tool_use'
