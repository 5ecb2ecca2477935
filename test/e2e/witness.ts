import type { Json } from '../../src/core/json.ts'
import { type Inbound, NetFault, type Outbound } from '../../src/core/world.ts'
import { ollamaLike, type ServerOptions, vllmLike } from '../../src/sim/server-spec.ts'
import { SimServer } from '../../src/sim/server.ts'
import { realClock } from '../../src/sim/sockets.ts'

/** Which server stands behind the gateway. Whatever a client speaks, it is the dialect of one of them and not of the other. */
export type Kind = 'ollama' | 'vllm'

export const kinds: readonly Kind[] = ['ollama', 'vllm']

/**
 * How an answer breaks: by a reset, by a connection closed in the middle of the transfer, by a clean end without the wire's
 * own word for it, or by an error in band.
 */
export type Break = 'reset' | 'fin' | 'cut' | 'error'

export const breaks: readonly Break[] = ['reset', 'fin', 'cut', 'error']

export interface Mischief {
  /** Writes of the answer that still get through. */
  readonly after: number
  readonly by: Break
}

interface Wire {
  readonly spec: typeof ollamaLike
  readonly chat: string
  thought(text: string): string
  readonly error: string
  readonly errorFrame: string
}

const brokeDown = JSON.stringify({
  error: { message: 'The engine broke down.', type: 'InternalServerError', param: null, code: 500 },
})

const wires: Readonly<Record<Kind, Wire>> = {
  ollama: {
    spec: ollamaLike,
    chat: '/api/chat',
    thought: (text) =>
      `${JSON.stringify({ message: { role: 'assistant', content: '', thinking: text }, done: false })}\n`,
    error: '{"error":"unexpected EOF"}',
    errorFrame: '{"error":"unexpected EOF"}\n',
  },
  vllm: {
    spec: vllmLike,
    chat: '/v1/chat/completions',
    thought: (text) =>
      `data: ${JSON.stringify({ id: 'chatcmpl-1', choices: [{ index: 0, delta: { reasoning: text } }] })}\n\n`,
    error: brokeDown,
    // It says that it is done even when it failed.
    errorFrame: `data: ${brokeDown}\n\ndata: [DONE]\n\n`,
  },
}

/** Fast enough for tests, slow enough that a stream is one. */
const engine = {
  stepMs: [
    [0, 2],
    [10_000, 2],
  ],
  slots: 16,
} as const

/** A simulated server that remembers what it was asked, may think aloud, and breaks its answers where a test wants it to. */
export class Witness extends SimServer {
  readonly kind: Kind
  /** The bodies of all requests for an answer. */
  readonly heard: Json[] = []
  /** Said in front of every streamed answer. */
  thoughts: readonly string[] = []
  mischief: Mischief | undefined
  readonly #wire: Wire

  constructor(kind: Kind, options: ServerOptions = {}) {
    super(wires[kind].spec({ name: kind, ...options, engine: { ...engine, ...options.engine } }), realClock())
    this.kind = kind
    this.#wire = wires[kind]
  }

  override async send(out: Outbound): Promise<Inbound> {
    if (out.path !== this.#wire.chat) return super.send(out)
    const question = JSON.parse(Buffer.from(out.body ?? []).toString()) as Json
    this.heard.push(question)
    const inbound = await super.send(out)
    return inbound.status === 200
      ? { ...inbound, body: this.#told(inbound.body, question['stream'] === true) }
      : inbound
  }

  async *#told(body: AsyncIterable<Uint8Array>, isStream: boolean): AsyncGenerator<Uint8Array, void> {
    const { mischief } = this
    if (isStream) for (const text of this.thoughts) yield Buffer.from(this.#wire.thought(text))
    let told = 0
    for await (const bytes of body) {
      if (told === mischief?.after) {
        yield this.#lastWords(bytes, mischief.by, isStream)
        if (mischief.by === 'reset') throw new NetFault('reset', 'The connection was reset.')
        if (mischief.by === 'fin') throw new NetFault('aborted', 'The connection was closed.')
        return
      }
      yield bytes
      told += 1
    }
  }

  /** A connection may break within a frame as well as between two, and an answer in one piece breaks inside of it. */
  #lastWords(bytes: Uint8Array, by: Break, isStream: boolean): Uint8Array {
    if (by === 'error') return Buffer.from(isStream ? this.#wire.errorFrame : this.#wire.error)
    return by === 'cut' && isStream ? new Uint8Array(0) : bytes.subarray(0, bytes.length >> 1)
  }
}
