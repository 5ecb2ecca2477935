/**
 * What a caller makes of the bytes it gets: small readers that share nothing with the gateway's own, so that an error
 * there is not heard as it was said.
 */
export interface Heard {
  text: string
  finish: string | undefined
  /** The wire's own word that the answer is whole. */
  whole: boolean
  /** Frames that told counts, and what the last of them told. */
  counted: number
  outputTokens: number | undefined
  model: string | undefined
  frames: number
  /** The tool that is called, and with what, as JSON. */
  toolName: string | undefined
  toolArguments: string
}

export interface Ear {
  readonly heard: Heard
  hear(bytes: Uint8Array): void
}

export function earFor(dialect: 'openai-chat' | 'ollama-chat', stream: boolean): Ear {
  if (!stream) return new WholeEar(dialect === 'ollama-chat' ? ollamaWhole : openAiWhole)
  return dialect === 'ollama-chat' ? new FrameEar('\n', ollamaFrame) : new FrameEar('\n\n', openAiFrame)
}

type Reader = (frame: string, heard: Heard) => void

const nothing = (): Heard => ({
  text: '',
  finish: undefined,
  whole: false,
  counted: 0,
  outputTokens: undefined,
  model: undefined,
  frames: 0,
  toolName: undefined,
  toolArguments: '',
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

interface OpenAiMessage {
  readonly content?: string | null
  readonly tool_calls?: readonly { readonly function: { readonly name?: string; readonly arguments?: string } }[]
}

interface OpenAiAnswer {
  readonly error?: unknown
  readonly model?: string
  readonly choices: readonly {
    readonly delta?: OpenAiMessage
    readonly message?: OpenAiMessage
    readonly finish_reason: string | null
  }[]
  readonly usage?: { readonly completion_tokens: number } | null
}

function openAiFrame(frame: string, heard: Heard): void {
  if (frame.startsWith(':')) return
  if (!frame.startsWith('data: ')) throw new Error('A frame without data.')
  const data = frame.slice(6)
  if (data === '[DONE]') heard.whole = heard.finish !== undefined
  else openAiAnswer(JSON.parse(data) as OpenAiAnswer, heard)
}

function openAiWhole(text: string, heard: Heard): void {
  openAiAnswer(JSON.parse(text) as OpenAiAnswer, heard)
  heard.whole = heard.finish !== undefined
}

function openAiAnswer({ error, model, choices, usage }: OpenAiAnswer, heard: Heard): void {
  if (error !== undefined) throw new Error('An error went through as part of the answer.')
  heard.model = model
  const choice = choices[0]
  if (choice !== undefined) {
    const message = choice.delta ?? choice.message
    heard.text += message?.content ?? ''
    for (const call of message?.tool_calls ?? []) {
      heard.toolName ??= call.function.name
      heard.toolArguments += call.function.arguments ?? ''
    }
    heard.finish = choice.finish_reason ?? heard.finish
  }
  if (usage === undefined || usage === null) return
  heard.counted += 1
  heard.outputTokens = usage.completion_tokens
}

interface OllamaAnswer {
  readonly error?: unknown
  readonly model?: string
  readonly message?: {
    readonly content?: string
    readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: object } }[]
  }
  readonly done?: boolean
  readonly done_reason?: string
  readonly eval_count?: number
}

function ollamaFrame(frame: string, heard: Heard): void {
  const { error, model, message, done, done_reason: reason, eval_count: count } = JSON.parse(frame) as OllamaAnswer
  if (error !== undefined) throw new Error('An error went through as part of the answer.')
  heard.model = model
  heard.text += message?.content ?? ''
  for (const call of message?.tool_calls ?? []) {
    heard.toolName = call.function.name
    heard.toolArguments += JSON.stringify(call.function.arguments)
  }
  if (done !== true) return
  heard.whole = true
  heard.finish = reason
  if (count === undefined) return
  heard.counted += 1
  heard.outputTokens = count
}

const ollamaWhole: Reader = ollamaFrame
