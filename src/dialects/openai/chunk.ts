import type { FinishReason } from '../../core/part.ts'
import { isObject, type Json } from '../../core/json.ts'
import { Fault } from '../../core/fault.ts'
import { complaintIn, faultInBand, inObject, inText } from '../complaint.ts'
import { parsed } from '../members.ts'
import { fieldOf } from '../sse.ts'

/** What one frame of a stream says: a chunk of the answer, its end, or nothing to us. */
export type Frame =
  | { readonly type: 'chunk'; readonly chunk: Json }
  | { readonly type: 'done' }
  | { readonly type: 'nothing' }

const done: Frame = { type: 'done' }
const nothing: Frame = { type: 'nothing' }

/** Reads a frame without its end. Throws the Fault of an error in band, in any of the forms that servers use. */
export function readFrame(frame: string): Frame {
  // An answer in one piece, to a request for a stream: some servers do that, above all with errors.
  if (frame.startsWith('{')) return chunkOf(frame)
  let data: string | undefined
  let isError = false
  for (const line of frame.split('\n')) {
    const value = fieldOf(line, 'data')
    if (value !== undefined) data = data === undefined ? value : `${data}\n${value}`
    else if (fieldOf(line, 'event') === 'error') isError = true
    else {
      // Older builds of llama-server have a field of their own for it.
      const error = fieldOf(line, 'error')
      if (error !== undefined) throw errorIn(error)
    }
  }
  if (data === undefined || data === '') return nothing
  if (isError) throw errorIn(data)
  if (data === '[DONE]') return done
  return chunkOf(data)
}

/** Why an answer ended, as far as this reason tells; undefined while it has not. */
export function readReason(said: unknown): FinishReason | undefined {
  if (typeof said !== 'string' || said === '') return undefined
  if (said === 'length') return 'length'
  if (said === 'content_filter') return 'content-filter'
  if (said === 'abort' || said === 'error')
    throw new Fault('upstream-broke', 'The server gave up in the middle of its answer.')
  return said === 'tool_calls' || said === 'function_call' ? 'tool-calls' : 'stop'
}

/** What ended it, where the server tells: vLLM by one name, SGLang by the other. A number is the id of a token. */
export function stopSequenceIn({ stop_reason: ofVllm, matched_stop: ofSglang }: Json): string | undefined {
  if (typeof ofVllm === 'string') return ofVllm
  return typeof ofSglang === 'string' ? ofSglang : undefined
}

function chunkOf(data: string): Frame {
  const json = parsed(data)
  const complaint = complaintIn(json)
  if (complaint !== undefined) throw faultInBand(complaint)
  if (isObject(json)) return { type: 'chunk', chunk: json }
  if (data.startsWith('{')) throw new Fault('upstream-broke', 'The server sent a chunk that is not JSON.')
  return nothing
}

function errorIn(text: string): Fault {
  const json = parsed(text)
  return faultInBand(complaintIn(json) ?? (isObject(json) ? inObject(json) : inText(text)))
}
