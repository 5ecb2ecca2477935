import type { Json } from '../core/json.ts'
import { refuse } from './fields.ts'

/** English and code come to about four bytes a token in every tokenizer of today; other scripts use more of both. */
const bytesPerToken = 4
/** What one picture or sound costs, whatever it weighs: near enough for a queue. */
const mediaBytes = 600 * bytesPerToken
/** A longer text is not counted to its last byte, which takes as long as to parse it: so many pieces of so many characters stand for it. */
const countedMax = 64 * 1024
const pieces = 64
const pieceLength = 512
/** Nothing that people send is deeper; what is would break whoever walks it later. */
const depthMax = 100

/**
 * How many tokens a request is likely to have, from the weight of all its text: messages under whatever key, tools, schemas.
 * The names of fields stand in for what a chat template adds. `media` names the fields that hold pictures and sounds.
 */
export function estimateTokens(body: Json, media: ReadonlySet<string>): number {
  return Math.ceil(weigh(body, media, 0) / bytesPerToken)
}

function weigh(value: unknown, media: ReadonlySet<string>, depth: number): number {
  if (typeof value === 'string') return bytesIn(value)
  if (typeof value !== 'object' || value === null) return 2
  if (depth === depthMax) throw refuse(`The request is nested deeper than ${depthMax} levels.`)
  let bytes = 0
  if (Array.isArray(value)) {
    for (const one of value as unknown[]) bytes += weigh(one, media, depth + 1)
    return bytes
  }
  for (const key in value) {
    const member = (value as Json)[key]
    if (media.has(key)) bytes += mediaBytes * (Array.isArray(member) ? member.length : 1)
    else bytes += key.length + weigh(member, media, depth + 1)
  }
  return bytes
}

/** In UTF-8. */
function bytesIn(text: string): number {
  const { length } = text
  if (length < 16) return length
  if (length <= countedMax) return Buffer.byteLength(text)
  let bytes = 0
  for (let piece = 0; piece < pieces; piece += 1) {
    const at = Math.floor((piece * (length - pieceLength)) / (pieces - 1))
    bytes += Buffer.byteLength(text.slice(at, at + pieceLength))
  }
  return Math.round((bytes * length) / (pieces * pieceLength))
}
