import { Fault } from '../../core/fault.ts'
import { isObject, type Json } from '../../core/json.ts'
import type { Part } from '../../core/part.ts'
import { provenReason } from '../answer.ts'
import { readLogprobs } from '../logprobs.ts'
import { readFrame, readReason, stopSequenceIn } from '../openai/chunk.ts'
import { readUsage } from '../openai/usage.ts'

/** A call as it is put together from pieces, which servers number and name as they please. */
interface OpenCall {
  readonly id: string
  /** The server's own number for it, if it numbers calls. */
  readonly key: number | undefined
  readonly name: string
  readonly index: number
}

/** Reads one stream. A whole answer passes for a chunk with everything in it. */
export function partReader(): (frame: string) => Part[] {
  const calls: OpenCall[] = []
  let finished = false

  const finish = (said: Parameters<typeof provenReason>[0], parts: Part[], stopSequence?: string): void => {
    if (finished) return
    finished = true
    const reason = provenReason(said, calls.length)
    parts.push({ type: 'finish', reason, ...(reason === 'stop' && stopSequence !== undefined && { stopSequence }) })
  }

  const readCall = (piece: Json, parts: Part[]): void => {
    const fn = isObject(piece['function']) ? piece['function'] : {}
    const id = typeof piece['id'] === 'string' ? piece['id'] : ''
    const key = typeof piece['index'] === 'number' ? piece['index'] : undefined
    const name = typeof fn['name'] === 'string' ? fn['name'] : ''
    let call = openCall(calls, { id, key, name })
    if (call === undefined) {
      // Some servers close a list of calls with an empty one.
      if (name === '' && textIn(fn['arguments']) === '') return
      if (name === '') throw new Fault('upstream-broke', 'The server called a tool and did not say which.')
      call = { id, key, name, index: calls.length }
      calls.push(call)
      parts.push({ type: 'tool-start', index: call.index, id, name })
    }
    const text = textIn(fn['arguments'])
    if (text !== '') parts.push({ type: 'tool-delta', index: call.index, arguments: text })
  }

  return (text) => {
    const frame = readFrame(text)
    const parts: Part[] = []
    if (frame.type === 'done') {
      finish('stop', parts)
      parts.push({ type: 'end' })
    }
    if (frame.type !== 'chunk') return parts
    const { choices, usage } = frame.chunk
    // Only the first of several answers is asked for when we translate.
    const choice: unknown = Array.isArray(choices) ? choices[0] : undefined
    if (isObject(choice)) {
      const said = choice['delta'] ?? choice['message']
      if (isObject(said)) {
        const thinking = said['reasoning_content'] ?? said['reasoning'] ?? said['thinking']
        if (typeof thinking === 'string' && thinking !== '') parts.push({ type: 'thinking-delta', text: thinking })
        const { content, refusal } = said
        const logprobs = isObject(choice['logprobs']) ? readLogprobs(choice['logprobs']['content']) : undefined
        if (typeof content === 'string' && (content !== '' || logprobs !== undefined))
          parts.push({ type: 'text-delta', text: content, ...(logprobs !== undefined && { logprobs }) })
        if (typeof refusal === 'string' && refusal !== '') parts.push({ type: 'text-delta', text: refusal })
        const pieces = said['tool_calls']
        if (Array.isArray(pieces)) for (const piece of pieces as unknown[]) if (isObject(piece)) readCall(piece, parts)
      }
      const reason = readReason(choice['finish_reason'])
      if (reason !== undefined) finish(reason, parts, stopSequenceIn(choice))
    }
    const counted = readUsage(usage)
    if (counted !== undefined) parts.push({ type: 'usage', usage: counted })
    return parts
  }
}

const textIn = (said: unknown): string => (typeof said === 'string' ? said : isObject(said) ? JSON.stringify(said) : '')

/**
 * The call that a piece goes on with, or undefined when it begins one. Servers leave out the id, the number or both,
 * repeat the id and the name in every piece, or give two calls one number.
 */
function openCall(calls: readonly OpenCall[], piece: Omit<OpenCall, 'index'>): OpenCall | undefined {
  const { id, key, name } = piece
  const isNumber = (call: OpenCall): boolean => key === undefined || call.key === undefined || call.key === key
  if (name === '') {
    return (
      calls.findLast((call) => id !== '' && call.id === id && isNumber(call)) ??
      calls.findLast((call) => isNumber(call))
    )
  }
  if (id !== '') return calls.findLast((call) => call.id === id && isNumber(call))
  return key === undefined ? undefined : calls.findLast((call) => call.key === key && call.name === name)
}
