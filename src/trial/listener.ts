import type { TalkDialect } from '../core/dialect.ts'
import type { Part } from '../core/part.ts'
import type { Usage } from '../core/usage.ts'
import { Framer } from '../dialects/frames.ts'

/** Hears one streamed answer as a client does, and notes when it began to say something. */
export class Listener {
  readonly #framer: Framer
  readonly #read: (frame: string) => Part[]
  readonly #now: () => number
  /** When the first token came. */
  firstTokenAt: number | undefined
  usage: Usage | undefined
  /** Pieces of content: about as many as there are tokens, for servers that never count them. */
  pieces = 0
  /** It has said that it is whole. */
  isWhole = false

  constructor(dialect: TalkDialect, now: () => number) {
    this.#framer = new Framer(dialect.frameEnd)
    this.#read = dialect.partReader()
    this.#now = now
  }

  /** Throws a Fault where the answer says that it failed. */
  async listen(body: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const bytes of body) this.#hear(this.#framer.push(bytes))
    this.#hear(this.#framer.rest())
  }

  #hear(frames: readonly string[]): void {
    for (const frame of frames) for (const part of this.#read(frame)) this.#note(part)
  }

  #note(part: Part): void {
    switch (part.type) {
      case 'text-delta':
      case 'thinking-delta':
      case 'tool-start':
      case 'tool-delta':
        this.pieces += 1
        this.firstTokenAt ??= this.#now()
        return
      case 'usage':
        this.usage = part.usage
        return
      case 'finish':
      case 'end':
        this.isWhole = true
    }
  }
}
