import type { Begun, TalkDialect } from '../core/dialect.ts'
import { isObject } from '../core/json.ts'
import type { FinishReason, Part } from '../core/part.ts'
import type { Usage } from '../core/usage.ts'
import { Framer } from './frames.ts'
import { parsed } from './members.ts'

/** How far an answer has come. */
export interface Said extends Begun {
  /** Why it ended, where that has been said. */
  readonly reason: FinishReason | undefined
  readonly usage: Usage | undefined
  /** Nobody could go on with it: it is thinking or calling, or what came cannot be read. */
  readonly isClosed: boolean
}

/** Read in batches of this size: so little is held, and a stream that does not break is still read by the way only. */
const batchMaxBytes = 32 * 1024
const batchMinBytes = 2 * 1024

/**
 * What the caller of one stream has heard, in the frames that it was given. They are kept as they come, copied, because a
 * piece of a network buffer would hold on to all of it; and read when there are many, or when somebody wants to know.
 */
export class Transcript {
  readonly #framer: Framer
  readonly #read: (frame: string) => Part[]
  readonly #mayFollow: (frame: string) => boolean
  #held: Buffer = Buffer.allocUnsafeSlow(batchMinBytes)
  #size = 0
  #first = true
  #id: string | undefined
  #createdMs: number | undefined
  #text = ''
  #tokens = 0
  #reason: FinishReason | undefined
  #usage: Usage | undefined
  #isOpen = true
  #isClosed = false

  constructor(dialect: TalkDialect) {
    this.#framer = new Framer(dialect.frameEnd)
    this.#read = dialect.partReader()
    this.#mayFollow = dialect.carryOn!.follow()
  }

  /** Whole frames. */
  hear(frames: Uint8Array): void {
    if (this.#isClosed) return
    const size = this.#size + frames.length
    if (size > this.#held.length && !this.#makeRoom(size)) {
      this.#take(frames)
      return
    }
    this.#held.set(frames, this.#size)
    this.#size += frames.length
  }

  said(): Said {
    this.#readHeld()
    return {
      text: this.#text,
      tokens: this.#tokens,
      id: this.#id,
      createdMs: this.#createdMs,
      reason: this.#reason,
      usage: this.#usage,
      isClosed: this.#isClosed || !(this.#isOpen || this.#reason !== undefined),
    }
  }

  #makeRoom(size: number): boolean {
    if (size > batchMaxBytes) {
      this.#readHeld()
      return false
    }
    const larger = Buffer.allocUnsafeSlow(Math.min(batchMaxBytes, Math.max(size, this.#held.length * 4)))
    larger.set(this.#held.subarray(0, this.#size))
    this.#held = larger
    return true
  }

  #readHeld(): void {
    const held = this.#held.subarray(0, this.#size)
    this.#size = 0
    this.#take(held)
  }

  #take(frames: Uint8Array): void {
    try {
      for (const frame of this.#framer.push(frames)) {
        if (this.#first) this.#nameIn(frame)
        this.#isOpen = this.#mayFollow(frame)
        for (const part of this.#read(frame)) this.#note(part)
      }
    } catch {
      this.#isClosed = true
    }
  }

  /** Formats that name every frame do so at the top level. */
  #nameIn(frame: string): void {
    this.#first = false
    const json = parsed(frame.slice(Math.max(0, frame.indexOf('{'))))
    if (!isObject(json)) return
    const { id, created } = json
    if (typeof id === 'string') this.#id = id
    if (typeof created === 'number') this.#createdMs = created * 1_000
  }

  #note(part: Part): void {
    switch (part.type) {
      case 'text-delta':
        if (part.logprobs !== undefined) this.#isClosed = true
        if (part.text === '') return
        this.#text += part.text
        this.#tokens += 1
        return
      case 'thinking-delta':
      case 'tool-start':
      case 'tool-delta':
        this.#isClosed = true
        return
      case 'finish':
        this.#reason = part.reason
        return
      case 'usage':
        this.#usage = part.usage
        return
      case 'end':
        this.#isClosed = true
    }
  }
}
