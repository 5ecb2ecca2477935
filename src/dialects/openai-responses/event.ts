import { Fault } from '../../core/fault.ts'
import { isObject, type Json } from '../../core/json.ts'
import type { FinishReason } from '../../core/part.ts'
import { complaintIn, faultInBand } from '../complaint.ts'
import { parsed } from '../members.ts'
import { readEvent } from '../sse.ts'
import { gaveUp, readError } from './faults.ts'
import { readUsage } from './usage.ts'

/** What one frame of a stream says. */
export interface ResponseEvent {
  /** `response.output_text.delta`; 'whole' for an answer in one piece. */
  readonly type: string
  readonly json: Json
}

/** Reads a frame without its end; undefined for one that says nothing. Throws the Fault of an error in band. */
export function readFrame(frame: string): ResponseEvent | undefined {
  // An answer in one piece, to a request for a stream: some servers do that, above all with errors.
  if (frame.startsWith('{')) return { type: 'whole', json: objectOf(frame) }
  const { name, data } = readEvent(frame)
  if (data === undefined || data === '' || data === '[DONE]') return undefined
  if (!data.startsWith('{')) {
    if (name === 'error') throw readError(data)
    return undefined
  }
  const json = objectOf(data)
  const type = typeof json['type'] === 'string' ? json['type'] : (name ?? '')
  if (type === 'error' || name === 'error') throw readError(isObject(json['error']) ? json['error'] : json)
  if (type === 'response.failed') throw readError(responseOf(json)['error'])
  return { type, json }
}

function objectOf(data: string): Json {
  const json = parsed(data)
  if (!isObject(json)) throw new Fault('upstream-broke', 'The server sent an event that is not JSON.')
  if (typeof json['type'] === 'string') return json
  const complaint = complaintIn(json)
  if (complaint !== undefined) throw faultInBand(complaint)
  return json
}

/** The response that an event is about. */
export const responseOf = ({ response }: Json): Json => (isObject(response) ? response : {})

/** Why a response ended; undefined while it has not. Throws for an end that is none. */
export function readEnd(response: Json): Exclude<FinishReason, 'tool-calls'> | undefined {
  const { status, error, incomplete_details: details, max_output_tokens: limit } = response
  if (status === 'failed' || isObject(error)) throw readError(error)
  if (status === 'cancelled') throw gaveUp()
  if (status === 'in_progress' || status === 'queued') return undefined
  if (isObject(details) && details['reason'] === 'content_filter') return 'content-filter'
  if (status === 'incomplete' || isObject(details)) return 'length'
  // Ollama says completed of an answer that was cut off where it was told to.
  const said = readUsage(response['usage'])?.outputTokens
  return typeof limit === 'number' && said !== undefined && said >= limit ? 'length' : 'stop'
}
