import { isObject, type Json } from '../../core/json.ts'
import type { Part } from '../../core/part.ts'
import { readLogprobs } from '../logprobs.ts'
import { endOf, readLine } from '../ollama/line.ts'

/** Reads one stream. A whole answer passes for a last object with everything in it. */
export function partReader(): (frame: string) => Part[] {
  let calls = 0
  return (frame) => {
    const parts: Part[] = []
    if (frame.trim() === '') return parts
    const line = readLine(frame)
    const { message } = line
    if (isObject(message)) {
      const { thinking, content, tool_calls: said } = message
      const logprobs = readLogprobs(line['logprobs'])
      if (typeof thinking === 'string' && thinking !== '') parts.push({ type: 'thinking-delta', text: thinking })
      if (typeof content === 'string' && (content !== '' || logprobs !== undefined))
        parts.push({ type: 'text-delta', text: content, ...(logprobs !== undefined && { logprobs }) })
      // Calls come whole, on any object, and for some models on the very last.
      for (const call of Array.isArray(said) ? (said as unknown[]) : []) {
        if (isObject(call) && readCall(call, calls, parts)) calls += 1
      }
    }
    if (line['done'] === true) parts.push(...endOf(line, calls))
    return parts
  }
}

function readCall({ id, function: fn }: Json, index: number, parts: Part[]): boolean {
  if (!isObject(fn) || typeof fn['name'] !== 'string') return false
  parts.push({ type: 'tool-start', index, id: typeof id === 'string' ? id : '', name: fn['name'] })
  const said = fn['arguments']
  parts.push({ type: 'tool-delta', index, arguments: typeof said === 'string' ? said : JSON.stringify(said ?? {}) })
  return true
}
