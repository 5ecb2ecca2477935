import type { AnswerAbout, TalkDialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import type { Json } from '../core/json.ts'
import type { Part } from '../core/part.ts'
import type { Usage } from '../core/usage.ts'
import { Framer } from './frames.ts'
import { wholeUsage } from './begun.ts'
import { Repeats } from './repeats.ts'
import { ThoughtFinder } from './thoughts.ts'

/** What came by on the way, for whoever settles the ask. */
export interface Seen {
  usage?: Usage | undefined
  /** What was counted on the way. */
  counted?: Usage | undefined
  /** Frames that carried content. */
  frames: number
  ended: boolean
}

export interface Translating {
  readonly from: TalkDialect
  readonly to: TalkDialect
  readonly about: AnswerAbout
  /** The caller takes one tool call at a time, and servers that were not told so may make more. */
  readonly oneCall: boolean
}

/** An answer in one piece is held in memory; this is far beyond any that a model gives. */
const collectedBytesMax = 64 * 1024 * 1024

/** Reads one dialect and writes another. It throws a Fault when the stream reports an error, or ends before it was whole. */
export function translate(
  body: AsyncIterable<Uint8Array>,
  translating: Translating,
  seen: Seen,
): AsyncIterable<Uint8Array> {
  const { to, about } = translating
  const write = to.partWriter(about)
  const { begun } = about
  return new Translation(
    new PartSource(body, translating, seen),
    begun === undefined
      ? write
      : (part) => write(part.type === 'usage' ? { type: 'usage', usage: wholeUsage(part.usage, begun) } : part),
  )
}

/** A stream in one dialect as a whole answer in another. */
export async function collectFrom(
  body: AsyncIterable<Uint8Array>,
  translating: Translating,
  seen: Seen,
  /** Called whenever more of the answer has come. */
  onPieces: () => void = () => {},
): Promise<Json> {
  const { to, about } = translating
  const source = new PartSource(body, translating, seen)
  const all: Part[] = []
  for (let parts = await source.next(); parts !== undefined; parts = await source.next()) {
    if (parts.length > 0) onPieces()
    for (const part of parts) all.push(part)
    if (source.bytes > collectedBytesMax) {
      await source.close()
      throw new Fault('upstream-broke', 'The server sent an answer larger than any that is expected.')
    }
  }
  return to.collect(all, about)
}

class Translation implements AsyncIterableIterator<Uint8Array> {
  readonly #source: PartSource
  readonly #write: (part: Part) => string

  constructor(source: PartSource, write: (part: Part) => string) {
    this.#source = source
    this.#write = write
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      const parts = await this.#source.next()
      if (parts === undefined) return { done: true, value: undefined }
      let out = ''
      try {
        for (const part of parts) out += this.#write(part)
      } catch (error) {
        // Nobody will read the rest.
        await this.#source.close()
        throw error
      }
      if (out !== '') return { done: false, value: Buffer.from(out) }
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#source.close()
    return { done: true, value: undefined }
  }
}

/** The parts of a stream, chunk by chunk, and the judgement whether it was whole. */
class PartSource {
  bytes = 0
  readonly #body: AsyncIterator<Uint8Array>
  readonly #framer: Framer
  readonly #read: (frame: string) => Part[]
  readonly #seen: Seen
  readonly #oneCall: boolean
  /** Undefined where the caller takes thoughts as the server gives them. */
  readonly #thoughts: ThoughtFinder | undefined
  readonly #repeats: Repeats | undefined
  #finished = false
  #over = false
  /** What went wrong behind parts that are still to be handed out. */
  #fault: Fault | undefined

  constructor(body: AsyncIterable<Uint8Array>, { from, to, oneCall }: Translating, seen: Seen) {
    this.#body = body[Symbol.asyncIterator]()
    this.#framer = new Framer(from.frameEnd)
    this.#read = from.partReader((usage) => void (seen.counted = usage))
    if (from.givesUpOverRepeats === true) this.#repeats = new Repeats()
    this.#seen = seen
    this.#oneCall = oneCall
    // A plain text is carried on with whatever follows, tags and all.
    if (from !== to && to.tasks.includes('chat')) this.#thoughts = new ThoughtFinder()
  }

  /** Undefined at the end of a whole answer. */
  async next(): Promise<readonly Part[] | undefined> {
    if (this.#fault !== undefined) throw this.#fault
    if (this.#over) return undefined
    const step = await this.#step()
    const parts: Part[] = []
    let fault: Fault | undefined
    if (step.done === true) {
      this.#over = true
      fault = this.#take(undefined, parts) ?? this.#judge(parts)
    } else {
      this.bytes += step.value.length
      fault = this.#take(step.value, parts)
      if (fault !== undefined) await this.close()
    }
    if (fault !== undefined && parts.length === 0) throw fault
    this.#fault = fault
    return parts
  }

  async close(): Promise<void> {
    if (this.#over) return
    this.#over = true
    await this.#body.return?.()
  }

  async #step(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await this.#body.next()
    } catch (error) {
      // Whatever breaks behind the last word of an answer takes nothing away from it.
      if (this.#seen.ended) return { done: true, value: undefined }
      throw error
    }
  }

  /** Adds the parts of a chunk, or of what is left at the end, as far as they can be read. */
  #take(chunk: Uint8Array | undefined, parts: Part[]): Fault | undefined {
    try {
      for (const frame of chunk === undefined ? this.#framer.rest() : this.#framer.push(chunk)) {
        // Behind its own end a server has no more to say to anybody.
        if (this.#seen.ended) break
        for (const part of this.#read(frame)) this.#keep(part, parts)
      }
      return undefined
    } catch (error) {
      return Fault.from(error)
    }
  }

  #keep(part: Part, parts: Part[]): void {
    // Only counts and the end itself come behind the reason for it: clients take it for the last that is said.
    if (this.#finished && part.type !== 'usage' && part.type !== 'end') return
    if (part.type === 'tool-start' && part.name === '')
      throw new Fault('upstream-broke', 'The server called a tool and did not say which.')
    this.#note(part)
    if (this.#oneCall && (part.type === 'tool-start' || part.type === 'tool-delta') && part.index > 0) return
    if (this.#thoughts === undefined) parts.push(part)
    else parts.push(...this.#thoughts.sort(part))
  }

  #note(part: Part): void {
    if (part.type === 'usage') this.#seen.usage = part.usage
    else if (part.type === 'finish') this.#finished = true
    else if (part.type === 'end') this.#seen.ended = true
    else {
      this.#seen.frames += 1
      if ('text' in part) this.#repeats?.see(part.text)
    }
  }

  /** Some servers never say more than why they stopped: that is word enough. Without it the stream has broken. */
  #judge(parts: Part[]): Fault | undefined {
    if (this.#seen.ended) return undefined
    if (!this.#finished)
      return this.#repeats?.fault ?? new Fault('upstream-broke', 'The server closed the stream before it was whole.')
    this.#seen.ended = true
    parts.push({ type: 'end' })
    return undefined
  }
}
