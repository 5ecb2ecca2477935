import { Fault } from '../core/fault.ts'
import { isObject, type Json } from '../core/json.ts'
import { complaintUnder200 } from './complaint.ts'
import { floatsOf } from './floats.ts'
import { asBuffer, parsed } from './members.ts'

/** Nobody says more than this before the first vector. */
const headBytes = 512

/** What an answer complains of. Vectors come by the megabyte: where they begin, nothing else is looked for. */
export function faultIn(answer: Uint8Array): Fault | undefined {
  const head = asBuffer(answer).toString('latin1', 0, headBytes)
  return /"embeddings?"\s*:\s*["[]/.test(head) ? undefined : complaintUnder200(answer)
}

export function answerIn(answer: Uint8Array): Json {
  const json = parsed(asBuffer(answer).toString('utf8'))
  if (isObject(json)) return json
  throw noVectors()
}

/** A vector as numbers, in whichever form it came. */
export function vectorIn(said: unknown): readonly number[] {
  const vector = typeof said === 'string' ? floatsOf(said) : said
  if (Array.isArray(vector) && vector.every(Number.isFinite)) return vector as readonly number[]
  throw noVectors()
}

export const noVectors = (): Fault =>
  new Fault('upstream-broke', 'The server answered with something other than vectors.')
