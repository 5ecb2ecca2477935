import type { Rename } from '../core/dialect.ts'
import type { Edits } from '../core/json.ts'
import { refuse } from './fields.ts'
import { Members } from './members.ts'

interface Span {
  readonly key: string
  readonly start: number
  readonly valueStart: number
  readonly valueEnd: number
}

/**
 * Edits the top level of a JSON object in its bytes. All other bytes stay as they are, so that numbers keep their digits
 * and prefixes their hash. A key that stands there twice is refused: servers disagree about which of the two counts.
 */
export function splice(raw: Uint8Array, edits: Edits): Uint8Array {
  const spans = spansOf(raw)
  const isRemoved = ({ key }: Span): boolean => Object.hasOwn(edits, key) && edits[key] === undefined
  const lastKept = spans.findLastIndex((span) => !isRemoved(span))
  const out: Uint8Array[] = []
  let at = 0
  const copyTo = (end: number): void => {
    if (end > at) out.push(raw.subarray(at, end))
  }
  for (let index = 0; index <= lastKept; index += 1) {
    const span = spans[index]!
    if (!Object.hasOwn(edits, span.key)) continue
    if (isRemoved(span)) {
      // Its comma goes with it, the one behind it.
      copyTo(span.start)
      at = spans[index + 1]!.start
    } else {
      copyTo(span.valueStart)
      out.push(encoded(edits[span.key]))
      at = span.valueEnd
    }
  }
  // What is removed behind the last one that stays takes the comma before it along.
  copyTo(spans[lastKept]?.valueEnd ?? spans[0]?.start ?? raw.indexOf(0x7b) + 1)
  let separator = lastKept < 0 ? '' : ','
  for (const [key, value] of Object.entries(edits)) {
    if (value === undefined || spans.some((span) => span.key === key)) continue
    out.push(Buffer.from(`${separator}${JSON.stringify(key)}:`), encoded(value))
    separator = ','
  }
  at = spans.at(-1)?.valueEnd ?? raw.indexOf(0x7b) + 1
  copyTo(raw.length)
  return Buffer.concat(out)
}

/** Renames the model in answers of one server. */
export class Renamer {
  readonly #from: string
  readonly #to: Uint8Array

  constructor({ from, to }: Rename) {
    this.#from = from
    this.#to = encoded(to)
  }

  /** Adds the bytes of this range to `out`, renamed; false, and nothing added, when they are not of that model. */
  rename(
    bytes: Uint8Array,
    range: { readonly start: number; readonly json: number; readonly end: number },
    out: Uint8Array[],
  ): boolean {
    const members = new Members(bytes, range.json, range.end)
    if (!members.find('model') || !members.valueIs(this.#from)) return false
    out.push(bytes.subarray(range.start, members.valueStart), this.#to, bytes.subarray(members.valueEnd, range.end))
    return true
  }
}

/** A whole answer, renamed; the same object when there is nothing to rename. */
export function renameIn(answer: Uint8Array, names: Rename): Uint8Array {
  const pieces: Uint8Array[] = []
  const range = { start: 0, json: 0, end: answer.length }
  return new Renamer(names).rename(answer, range, pieces) ? Buffer.concat(pieces) : answer
}

function spansOf(raw: Uint8Array): Span[] {
  const spans: Span[] = []
  const seen = new Set<string>()
  const members = new Members(raw)
  while (members.next()) {
    const key = members.key()
    if (seen.has(key)) throw refuse(`The field ${key} is there twice.`)
    seen.add(key)
    spans.push({ key, start: members.keyStart, valueStart: members.valueStart, valueEnd: members.valueEnd })
  }
  return spans
}

const encoded = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
