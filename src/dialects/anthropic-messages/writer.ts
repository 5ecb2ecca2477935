import type { AnswerAbout } from '../../core/dialect.ts'
import { Fault } from '../../core/fault.ts'
import type { Json } from '../../core/json.ts'
import type { FinishReason, Part } from '../../core/part.ts'
import type { Usage } from '../../core/usage.ts'
import { argumentsObject, type Call, callId, gather, parseExactly } from '../answer.ts'
import { plainId } from './ids.ts'
import { writeInput, writeUsage } from './usage.ts'

const stopReasons: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  'content-filter': 'refusal',
}

type Block = 'text' | 'thinking' | 'tool_use'

/**
 * Writes one stream. Only one block is open at a time and they are numbered without gaps, so what comes of a later call
 * while an earlier one is still open waits for it. The counts of the prompt are told first, by estimate, and put right at
 * the end.
 */
export function partWriter(about: AnswerAbout): (part: Part) => string {
  let open: Block | undefined
  let blocks = 0
  let begun = false
  let reason: FinishReason = 'stop'
  let stopSequence: string | undefined
  let usage: Usage | undefined
  /** Calls in their order; the first of them is the one whose block is open. */
  let calls: { index: number; id: string; name: string; waiting: string }[] = []

  const start = (): string => {
    if (begun) return ''
    begun = true
    const counts = { ...writeInput(about.promptTokens), output_tokens: 1 }
    return event('message_start', { message: { ...headOf(about), content: [], ...noEnd, usage: counts } })
  }

  const close = (): string => {
    if (open === undefined) return ''
    // A thought without its signature is not closed here; nobody signed these.
    const signed = open === 'thinking' ? delta({ type: 'signature_delta', signature: '' }) : ''
    return signed + stop()
  }

  const stop = (): string => {
    open = undefined
    blocks += 1
    return `event: content_block_stop\ndata: {"type":"content_block_stop","index":${blocks - 1}}\n\n`
  }

  const delta = (what: Json): string => event('content_block_delta', { index: blocks, delta: what })

  const into = (block: Exclude<Block, 'tool_use'>, empty: Json): string => {
    if (open === block) return ''
    const before = start() + closeAll()
    open = block
    return before + event('content_block_start', { index: blocks, content_block: empty })
  }

  const openCall = (call: (typeof calls)[number]): string => {
    const before = start() + close()
    open = 'tool_use'
    const { index, id, name, waiting } = call
    call.waiting = ''
    const block = { type: 'tool_use', id: plainId(callId(id, about.id, index)), name, input: {} }
    const begin = event('content_block_start', { index: blocks, content_block: block })
    return before + begin + (waiting === '' ? '' : delta({ type: 'input_json_delta', partial_json: waiting }))
  }

  /** Closes what is open, one call after the other. */
  const closeAll = (): string => {
    let out = close()
    for (const call of calls.slice(1)) out += openCall(call) + close()
    calls = []
    return out
  }

  return (part) => {
    switch (part.type) {
      case 'text-delta':
        if (part.text === '') return ''
        return into('text', { type: 'text', text: '' }) + delta({ type: 'text_delta', text: part.text })
      case 'thinking-delta': {
        let out = into('thinking', { type: 'thinking', thinking: '', signature: '' })
        if (part.text !== '') out += delta({ type: 'thinking_delta', thinking: part.text })
        if (part.signature === undefined) return out
        return out + delta({ type: 'signature_delta', signature: part.signature }) + stop()
      }
      case 'tool-start': {
        const call = { index: part.index, id: part.id, name: part.name, waiting: '' }
        calls.push(call)
        return calls.length === 1 ? openCall(call) : ''
      }
      case 'tool-delta': {
        const call = calls.find(({ index }) => index === part.index)
        if (call === undefined) return ''
        if (call === calls[0]) return delta({ type: 'input_json_delta', partial_json: part.arguments })
        call.waiting += part.arguments
        return ''
      }
      case 'finish':
        reason = part.reason
        stopSequence = part.stopSequence
        return start() + closeAll()
      case 'usage':
        usage = part.usage
        return ''
      case 'end': {
        const counted = usage ?? { promptTokens: about.promptTokens, outputTokens: 0 }
        const last = { delta: ending(reason, stopSequence), usage: writeUsage(counted) }
        return start() + closeAll() + event('message_delta', last) + event('message_stop', {})
      }
    }
  }
}

export function collect(parts: Iterable<Part>, about: AnswerAbout): Json {
  const { text, thinking, signature, calls, reason, stopSequence, usage } = gather(parts)
  return {
    ...headOf(about),
    content: [
      ...(thinking === '' && signature === undefined
        ? []
        : [{ type: 'thinking', thinking, signature: signature ?? '' }]),
      ...(text === '' ? [] : [{ type: 'text', text, citations: null }]),
      ...calls.map((call, index) => ({
        type: 'tool_use',
        id: plainId(callId(call.id, about.id, index)),
        name: call.name,
        input: inputOf(call),
      })),
    ],
    ...ending(reason, stopSequence),
    usage: writeUsage(usage ?? { promptTokens: about.promptTokens, outputTokens: 0 }),
  }
}

/** An input has to be an object: of a call that was cut off, what there is of it is no use to anybody. */
function inputOf(call: Call): unknown {
  try {
    return parseExactly(argumentsObject(call))
  } catch (error) {
    if (error instanceof Fault) return {}
    throw error
  }
}

const event = (type: string, members: Json): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`

const ending = (reason: FinishReason, stopSequence: string | undefined): Json => ({
  stop_reason: reason === 'stop' && stopSequence !== undefined ? 'stop_sequence' : stopReasons[reason],
  stop_sequence: stopSequence ?? null,
})

const noEnd = { stop_reason: null, stop_sequence: null } as const

const headOf = (about: AnswerAbout): Json => ({
  id: `msg_${plainId(about.id)}`,
  type: 'message',
  role: 'assistant',
  model: about.model,
})
