import { Fault } from '../../core/fault.ts'
import { isObject, type Json } from '../../core/json.ts'
import type { Part } from '../../core/part.ts'
import { parseExactly, provenReason } from '../answer.ts'
import { complaintIn, faultInBand } from '../complaint.ts'
import { readUsage } from './usage.ts'

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
      if (typeof thinking === 'string' && thinking !== '') parts.push({ type: 'thinking-delta', text: thinking })
      if (typeof content === 'string' && content !== '') parts.push({ type: 'text-delta', text: content })
      // Calls come whole, on any object, and for some models on the very last.
      for (const call of Array.isArray(said) ? (said as unknown[]) : []) {
        if (isObject(call) && readCall(call, calls, parts)) calls += 1
      }
    }
    if (line['done'] !== true) return parts
    parts.push({ type: 'finish', reason: provenReason(line['done_reason'] === 'length' ? 'length' : 'stop', calls) })
    const usage = readUsage(line)
    if (usage !== undefined) parts.push({ type: 'usage', usage })
    parts.push({ type: 'end' })
    return parts
  }
}

/** Reads an object of the stream. Throws the Fault of an error in band. */
export function readLine(frame: string): Json {
  let line: unknown
  try {
    line = frame.includes('"tool_calls"') ? parseExactly(frame) : JSON.parse(frame)
  } catch (error) {
    throw new Fault('upstream-broke', 'The server sent a line that is not JSON.', { cause: error })
  }
  const complaint = complaintIn(line)
  if (complaint !== undefined) throw faultInBand(complaint)
  return isObject(line) ? line : {}
}

function readCall({ id, function: fn }: Json, index: number, parts: Part[]): boolean {
  if (!isObject(fn) || typeof fn['name'] !== 'string') return false
  parts.push({ type: 'tool-start', index, id: typeof id === 'string' ? id : '', name: fn['name'] })
  const said = fn['arguments']
  parts.push({ type: 'tool-delta', index, arguments: typeof said === 'string' ? said : JSON.stringify(said ?? {}) })
  return true
}
