import { Fault } from '../core/fault.ts'
import type { FinishReason, Part, TokenLogprob } from '../core/part.ts'
import type { Usage } from '../core/usage.ts'

export interface Call {
  readonly id: string
  readonly name: string
  /** JSON text; '' for a call without arguments. */
  readonly arguments: string
}

/** A whole answer, put together from its parts. */
export interface Answer {
  readonly text: string
  readonly thinking: string
  readonly calls: readonly Call[]
  readonly reason: FinishReason
  readonly stopSequence: string | undefined
  readonly logprobs: readonly TokenLogprob[] | undefined
  readonly signature: string | undefined
  readonly usage: Usage | undefined
}

export function gather(parts: Iterable<Part>): Answer {
  let text = ''
  let thinking = ''
  let reason: FinishReason = 'stop'
  let stopSequence: string | undefined
  let signature: string | undefined
  let usage: Usage | undefined
  const logprobs: TokenLogprob[] = []
  const calls: { id: string; name: string; arguments: string }[] = []
  for (const part of parts) {
    switch (part.type) {
      case 'text-delta':
        text += part.text
        if (part.logprobs !== undefined) logprobs.push(...part.logprobs)
        break
      case 'thinking-delta':
        thinking += part.text
        signature = part.signature ?? signature
        break
      case 'tool-start':
        calls[part.index] = { id: part.id, name: part.name, arguments: '' }
        break
      case 'tool-delta':
        calls[part.index]!.arguments += part.arguments
        break
      case 'finish':
        reason = part.reason
        stopSequence = part.stopSequence
        break
      case 'usage':
        usage = part.usage
        break
      case 'end':
        break
    }
  }
  return {
    text,
    thinking,
    calls,
    reason,
    stopSequence,
    logprobs: logprobs.length > 0 ? logprobs : undefined,
    signature,
    usage,
  }
}

/** The reason that the calls prove, where servers say `stop` after a call or `tool_calls` without one. */
export function provenReason(said: FinishReason, callsSeen: number): FinishReason {
  if (said === 'length' || said === 'content-filter') return said
  return callsSeen > 0 ? 'tool-calls' : 'stop'
}

/** An id for a call whose server gave it none: the same for the same answer, and no other's. */
export function callId(id: string, answerId: string, index: number): string {
  if (id !== '') return id
  return `call_${answerId.replace(/[^A-Za-z0-9]/g, '').slice(0, 24)}_${index}`
}

/**
 * Arguments as the JSON text of an object, on one line. The text itself is kept, because reading and writing it would
 * change long numbers.
 */
export function argumentsObject(call: Call): string {
  const text = call.arguments.trim()
  if (text === '') return '{}'
  // Between the values of valid JSON a line break is a blank; inside a string none can stand.
  if (isObjectText(text)) return text.replace(/[\r\n]/g, ' ')
  throw new Fault(
    'upstream-refused',
    `The answer ended inside the arguments of its call of ${call.name}: allow it more output tokens.`,
  )
}

function isObjectText(text: string): boolean {
  if (!text.startsWith('{')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** JSON with every number written again as it was read, even one with more digits than a float can hold. */
export function parseExactly(text: string): unknown {
  return JSON.parse(text, (_key: string, value: unknown, context?: { readonly source?: string }) => {
    const source = context?.source
    if (typeof value !== 'number' || source === undefined || String(value) === source) return value
    return rawJson(source)
  })
}

// Newer than the type library.
const { rawJSON: rawJson } = JSON as unknown as { readonly rawJSON: (text: string) => unknown }
