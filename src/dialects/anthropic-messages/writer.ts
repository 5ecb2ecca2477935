import type { AnswerAbout } from '../../core/dialect.ts'
import { Fault } from '../../core/fault.ts'
import type { Json } from '../../core/json.ts'
import type { FinishReason, Part } from '../../core/part.ts'
import type { Usage } from '../../core/usage.ts'
import { argumentsObject, type Call, callId, gather, parseExactly } from '../answer.ts'
import { plainId } from './ids.ts'
import { guessedUsage, writeInput, writeUsage } from './usage.ts'

const stopReasons: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  'content-filter': 'refusal',
}

type Block = 'text' | 'thinking' | 'tool_use'

type Words = Extract<Part, { type: 'text-delta' | 'thinking-delta' }>

interface OpenCall {
  readonly index: number
  readonly id: string
  readonly name: string
  /** Its arguments as far as they have come, and how much of them has been written. */
  said: string
  written: number
}

/**
 * Writes one stream. Only one block is open at a time and they are numbered without gaps, so what comes of a later call
 * while an earlier one is still open waits for it. The counts of the prompt are told first, by estimate, and put right at
 * the end.
 */
export function partWriter(about: AnswerAbout): (part: Part) => string {
  let open: Block | undefined = about.begun && 'text'
  let blocks = 0
  let begun = about.begun !== undefined
  let letters = about.begun?.text.length ?? 0
  let reason: FinishReason = 'stop'
  let stopSequence: string | undefined
  let usage: Usage | undefined
  /** Calls in their order; the first of them is the one whose block is open. */
  let calls: OpenCall[] = []
  /** Words that came amid a call. */
  let held: Words[] = []

  const start = (): string => {
    if (begun) return ''
    begun = true
    const counts = { ...writeInput(about.promptTokens), output_tokens: 0 }
    return event('message_start', { message: { ...headOf(about), content: [], ...noEnd, usage: counts } })
  }

  const close = (): string => {
    if (open === undefined) return ''
    // A thought without its signature is not closed here; nobody signed these.
    const signed = open === 'thinking' ? delta('signature_delta', 'signature', '') : ''
    return signed + stop()
  }

  const stop = (): string => {
    open = undefined
    blocks += 1
    return `event: content_block_stop\ndata: {"type":"content_block_stop","index":${blocks - 1}}\n\n`
  }

  const delta = (type: string, member: string, text: string): string =>
    `event: content_block_delta\ndata: {"type":"content_block_delta","index":${blocks},` +
    `"delta":{"type":"${type}","${member}":${JSON.stringify(text)}}}\n\n`

  const into = (block: Exclude<Block, 'tool_use'>, empty: Json): string => {
    if (open === block) return ''
    const before = start() + close()
    open = block
    return before + event('content_block_start', { index: blocks, content_block: empty })
  }

  const say = (words: Words): string => {
    if (words.type === 'text-delta')
      return into('text', { type: 'text', text: '' }) + delta('text_delta', 'text', words.text)
    let out = into('thinking', { type: 'thinking', thinking: '', signature: '' })
    if (words.text !== '') out += delta('thinking_delta', 'thinking', words.text)
    if (words.signature === undefined) return out
    return out + delta('signature_delta', 'signature', words.signature) + stop()
  }

  const openCall = (call: OpenCall): string => {
    const before = start() + close()
    open = 'tool_use'
    const block = { type: 'tool_use', id: plainId(callId(call.id, about.id, call.index)), name: call.name, input: {} }
    return before + event('content_block_start', { index: blocks, content_block: block }) + proceed(call)
  }

  const proceed = (call: OpenCall): string => {
    const more = call.said.slice(call.written)
    call.written = call.said.length
    return more === '' ? '' : delta('input_json_delta', 'partial_json', more)
  }

  /** Writes all calls to their ends, one after the other, and then what came amid them. */
  const settle = (): string => {
    if (calls.length === 0) return ''
    let out = close()
    for (const call of calls.slice(1)) out += openCall(call) + close()
    for (const words of held) out += say(words)
    calls = []
    held = []
    return out
  }

  const finish = (): string => settle() + start() + close()

  return (part) => {
    switch (part.type) {
      case 'text-delta':
      case 'thinking-delta':
        if (part.text === '' && (part.type === 'text-delta' || part.signature === undefined)) return ''
        letters += part.text.length
        // A block that is closed cannot be opened again: only a call that is whole may end here.
        if (calls.every(({ said }) => isWhole(said))) return settle() + say(part)
        held.push(part)
        return ''
      case 'tool-start': {
        const call = { index: part.index, id: part.id, name: part.name, said: '', written: 0 }
        calls.push(call)
        return calls.length === 1 ? openCall(call) : ''
      }
      case 'tool-delta': {
        const call = calls.find(({ index }) => index === part.index)
        if (call === undefined) return ''
        letters += part.arguments.length
        call.said += part.arguments
        return call === calls[0] ? proceed(call) : ''
      }
      case 'finish':
        reason = part.reason
        stopSequence = part.stopSequence
        return finish()
      case 'usage':
        usage = part.usage
        return ''
      case 'end': {
        const counted = usage ?? guessedUsage(about.promptTokens, letters)
        const last = { delta: ending(reason, stopSequence), usage: writeUsage(counted) }
        return finish() + event('message_delta', last) + event('message_stop', {})
      }
    }
  }
}

function isWhole(said: string): boolean {
  try {
    JSON.parse(said)
    return true
  } catch {
    return false
  }
}

export function collect(parts: Iterable<Part>, about: AnswerAbout): Json {
  const { text, thinking, signature, calls, reason, stopSequence, usage } = gather(parts)
  const letters = calls.reduce((sum, call) => sum + call.arguments.length, text.length + thinking.length)
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
        input: inputOf(call, reason),
      })),
    ],
    ...ending(reason, stopSequence),
    usage: writeUsage(usage ?? guessedUsage(about.promptTokens, letters)),
  }
}

/** An input has to be an object: of a call that is known to be cut off, what there is of it is no use to anybody. */
function inputOf(call: Call, reason: FinishReason): unknown {
  try {
    return parseExactly(argumentsObject(call))
  } catch (error) {
    if (error instanceof Fault && reason !== 'stop' && reason !== 'tool-calls') return {}
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
