import { isObject } from '../../core/json.ts'
import type { FinishReason, Part } from '../../core/part.ts'
import { provenReason } from '../answer.ts'
import { readFrame, readReason, stopSequenceIn } from '../openai/chunk.ts'
import { readUsage } from '../openai/usage.ts'
import { readTextLogprobs } from './logprobs.ts'

/** Reads one stream. A whole answer passes for a chunk with everything in it. */
export function partReader(): (frame: string) => Part[] {
  let finished = false

  const finish = (said: FinishReason, parts: Part[], stopSequence?: string): void => {
    if (finished) return
    finished = true
    const reason = provenReason(said, 0)
    parts.push({ type: 'finish', reason, ...(reason === 'stop' && stopSequence !== undefined && { stopSequence }) })
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
      const { text: said } = choice
      const logprobs = readTextLogprobs(choice['logprobs'])
      if (typeof said === 'string' && (said !== '' || logprobs !== undefined))
        parts.push({ type: 'text-delta', text: said, ...(logprobs !== undefined && { logprobs }) })
      const reason = readReason(choice['finish_reason'])
      if (reason !== undefined) finish(reason, parts, stopSequenceIn(choice))
    }
    const counted = readUsage(usage)
    if (counted !== undefined) parts.push({ type: 'usage', usage: counted })
    return parts
  }
}
