import { Fault } from '../../core/fault.ts'
import { isObject, type Json } from '../../core/json.ts'
import type { FinishReason } from '../../core/part.ts'
import { complaintIn, faultInBand, inObject, inText } from '../complaint.ts'
import { parseExactly } from '../answer.ts'
import { parsed } from '../members.ts'
import { readEvent } from '../sse.ts'

/** Reads a frame without its end; undefined for one that says nothing. Throws the Fault of an error in band. */
export function readFrame(frame: string): Json | undefined {
  // An answer in one piece, to a request for a stream: some servers do that, above all with errors.
  if (frame.startsWith('{')) return checked(frame, '')
  const { name, data } = readEvent(frame)
  if (data === undefined || data === '' || data === '[DONE]') return undefined
  if (!data.startsWith('{')) {
    if (name === 'error') throw faultInBand(inText(data))
    return undefined
  }
  return checked(data, name ?? '')
}

function checked(data: string, name: string): Json {
  // Only a tool's input may hold numbers that must not change.
  const json = data.includes('"input"') ? exactly(data) : parsed(data)
  if (!isObject(json)) throw new Fault('upstream-broke', 'The server sent an event that is not JSON.')
  const { type, error } = json
  if (type === 'error' || name === 'error')
    throw faultInBand(complaintIn(json) ?? inObject(isObject(error) ? error : json))
  if (type === undefined) {
    const complaint = complaintIn(json)
    if (complaint !== undefined) throw faultInBand(complaint)
    return { ...json, type: name }
  }
  return json
}

function exactly(data: string): unknown {
  try {
    return parseExactly(data)
  } catch {
    return undefined
  }
}

/** Why an answer ended, as far as this reason tells; undefined while it has not. */
export function readReason(said: unknown): FinishReason | undefined {
  if (typeof said !== 'string' || said === '') return undefined
  if (said === 'max_tokens' || said === 'model_context_window_exceeded') return 'length'
  if (said === 'refusal') return 'content-filter'
  return said === 'tool_use' ? 'tool-calls' : 'stop'
}
