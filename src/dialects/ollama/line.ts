import { Fault } from '../../core/fault.ts'
import { isObject, type Json } from '../../core/json.ts'
import type { Part } from '../../core/part.ts'
import { parseExactly, provenReason } from '../answer.ts'
import { complaintIn, faultInBand } from '../complaint.ts'
import { readUsage } from './usage.ts'

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

/** What a last object says besides its content. */
export function endOf(line: Json, callsSeen: number): readonly Part[] {
  const reason = provenReason(line['done_reason'] === 'length' ? 'length' : 'stop', callsSeen)
  const usage = readUsage(line)
  return [
    { type: 'finish', reason },
    ...(usage === undefined ? [] : [{ type: 'usage', usage } as const]),
    { type: 'end' },
  ]
}
