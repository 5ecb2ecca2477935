import { anthropicEvent, anthropicWhole } from './ears/anthropic.ts'
import type { Heard, Reader } from './ears/heard.ts'
import { ollamaFrame } from './ears/ollama.ts'
import { openAiFrame, openAiWhole } from './ears/openai.ts'
import { responseEvent, responseWhole } from './ears/responses.ts'
import { embeddingsWhole, embedWhole } from './ears/vectors.ts'
import type { SimDialect } from './workload.ts'

export interface Ear {
  readonly heard: Heard
  hear(bytes: Uint8Array): void
}

const streams: Readonly<Partial<Record<SimDialect, readonly [end: string, reader: Reader]>>> = {
  'openai-chat': ['\n\n', openAiFrame],
  'openai-completions': ['\n\n', openAiFrame],
  'openai-responses': ['\n\n', responseEvent],
  'anthropic-messages': ['\n\n', anthropicEvent],
  'ollama-chat': ['\n', ollamaFrame],
  'ollama-generate': ['\n', ollamaFrame],
}

const wholes: Readonly<Record<SimDialect, Reader>> = {
  'openai-chat': openAiWhole,
  'openai-completions': openAiWhole,
  'openai-responses': responseWhole,
  'openai-embeddings': embeddingsWhole,
  'anthropic-messages': anthropicWhole,
  'ollama-chat': ollamaFrame,
  'ollama-generate': ollamaFrame,
  'ollama-embed': embedWhole,
  'ollama-embeddings': embedWhole,
}

export function earFor(dialect: SimDialect, stream: boolean): Ear {
  const frames = stream ? streams[dialect] : undefined
  return frames === undefined ? new WholeEar(wholes[dialect]) : new FrameEar(...frames)
}

const nothing = (): Heard => ({
  text: '',
  thought: '',
  finish: undefined,
  whole: false,
  counted: 0,
  outputTokens: undefined,
  model: undefined,
  frames: 0,
  toolName: undefined,
  toolArguments: '',
  vectors: [],
})

class FrameEar implements Ear {
  readonly heard: Heard = nothing()
  readonly #end: string
  readonly #read: Reader
  readonly #decoder = new TextDecoder()
  /** The decoder holds half a character, perhaps. */
  #cut = false
  #rest = ''

  constructor(end: string, read: Reader) {
    this.#end = end
    this.#read = read
  }

  hear(bytes: Uint8Array): void {
    const text = this.#rest + this.#textOf(bytes)
    let from = 0
    for (let to = text.indexOf(this.#end); to !== -1; to = text.indexOf(this.#end, from)) {
      if (this.heard.whole) throw new Error('The stream went on after its end.')
      this.heard.frames += 1
      this.#read(text.slice(from, to), this.heard)
      from = to + this.#end.length
    }
    this.#rest = text.slice(from)
  }

  /** No character ends in a line feed but the line feed itself, so nothing is cut where one stands. */
  #textOf(bytes: Uint8Array): string {
    const wasCut = this.#cut
    this.#cut = bytes.at(-1) !== lineFeed
    if (wasCut || this.#cut) return this.#decoder.decode(bytes, { stream: true })
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  }
}

const lineFeed = 10

class WholeEar implements Ear {
  readonly heard: Heard = nothing()
  readonly #read: Reader

  constructor(read: Reader) {
    this.#read = read
  }

  hear(bytes: Uint8Array): void {
    if (this.heard.frames > 0) throw new Error('An answer in one piece came in several.')
    this.heard.frames += 1
    this.#read(Buffer.from(bytes).toString(), this.heard)
  }
}
