import assert from 'node:assert/strict'
import type { Task } from '../../../src/core/dialect.ts'
import type { FinishReason } from '../../../src/core/part.ts'

/**
 * A client that knows its dialect from the outside: it asks as real ones do, and minds every rule of the format that some
 * real one relies on. It shares no code with the gateway, so that a mistake made twice there is none here.
 */
export interface Listener {
  readonly path: string
  /** What an answer says of why it ended. */
  readonly reasons: Readonly<Record<FinishReason, string>>
  readonly ask: (wish: Wish) => object
  /** An answer in one piece. Throws when it is not as its clients need it. */
  readonly hearWhole: (answer: unknown) => Heard
  /** All that came of a stream. Throws when it is not as its clients need it. */
  readonly hearStream: (text: string) => Heard
  /** What tells that a stream has broken, by itself. */
  readonly hearBreak: (frames: string) => Told
  /** The body of an error answer. */
  readonly hearRefusal: (body: unknown) => Told
  /** Every status under which its clients may be told of a fault that has this one. */
  readonly statuses: (status: number) => readonly number[]
  /** The word for such a fault, where the dialect has words for them. */
  readonly word: (fault: { readonly status: number; readonly code: string }) => string | undefined
}

export interface Wish {
  readonly model: string
  readonly stream: boolean
  /** Only where the dialect has words for more than one. */
  readonly task: Task
  readonly tools: boolean
  /** Thoughts are wanted where the dialect only gives them to those who ask. */
  readonly thinking?: boolean
  /** Token counts in a stream, where they come only on request; wanted unless it says otherwise. */
  readonly usage?: boolean
  /** Texts to be turned into vectors; one unless it says otherwise. */
  readonly texts?: number
}

export interface Heard {
  readonly text: string
  readonly thinking: string
  readonly calls: readonly (readonly [name: string, args: unknown])[]
  readonly ids: readonly string[]
  /** In the words of the dialect. */
  readonly reason: string | undefined
  readonly usage: Counts | undefined
  readonly model: string | undefined
  /** It came with all that its clients take for its end. */
  readonly isWhole: boolean
  readonly fault: Told | undefined
  readonly vectors: readonly (readonly number[])[]
}

/** As OpenAI counts: the prompt with what came from the cache. */
export interface Counts {
  readonly prompt: number
  readonly output: number
  readonly cached: number | undefined
}

/** An error as a client is told it. */
export interface Told {
  readonly message: string
  readonly word: string | undefined
}

export const nothing: Heard = {
  text: '',
  thinking: '',
  calls: [],
  ids: [],
  reason: undefined,
  usage: undefined,
  model: undefined,
  isWhole: false,
  fault: undefined,
  vectors: [],
}

export type Fields = Readonly<Record<string, unknown>>

export function fields(value: unknown, what: string): Fields {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), `${what} is an object`)
  return value as Fields
}

export function list(value: unknown, what: string): readonly unknown[] {
  assert.ok(Array.isArray(value), `${what} is a list`)
  return value
}

export function text(value: unknown, what: string): string {
  assert.equal(typeof value, 'string', `${what} is a text`)
  return value as string
}

export function someText(value: unknown, what: string): string {
  assert.notEqual(text(value, what), '', `${what} is not empty`)
  return value as string
}

export function count(value: unknown, what: string): number {
  assert.ok(Number.isSafeInteger(value) && (value as number) >= 0, `${what} is a count`)
  return value as number
}

export const parsed = (json: string): unknown => JSON.parse(json) as unknown

/** One event of a stream of server-sent events: its name, if it has one, and its data. */
export interface ServerSent {
  readonly event: string | undefined
  readonly data: string
}

export function eventsIn(stream: string): ServerSent[] {
  const blocks = stream.split('\n\n')
  assert.equal(blocks.pop(), '', 'the last event ends with a blank line')
  return blocks.flatMap((block) => {
    const lines = block.split('\n').filter((line) => !line.startsWith(':'))
    if (lines.length === 0) return []
    const event = lines.find((line) => line.startsWith('event: '))?.slice(7)
    const data = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice(6))
    assert.equal(lines.length, data.length + (event === undefined ? 0 : 1), `only event and data: ${block}`)
    assert.equal(data.length, 1, `one line of data: ${block}`)
    return [{ event, data: data[0]! }]
  })
}
