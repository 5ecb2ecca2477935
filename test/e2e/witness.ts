import type { Json } from '../../src/core/json.ts'
import { type Inbound, NetFault, type Outbound } from '../../src/core/world.ts'
import { likes, type ServerKind, type ServerOptions } from '../../src/sim/server-spec.ts'
import { SimServer } from '../../src/sim/server.ts'
import { realClock } from '../../src/sim/sockets.ts'
import { type Complaint, complaintAt } from './complaints.ts'

/** Which server stands behind the gateway: each speaks some of the formats, and none speaks all of them. */
export type Kind = ServerKind

/** The two whose formats are not each other's. */
export const kinds: readonly Kind[] = ['ollama', 'vllm']

/** Those that differ in what they speak: two of the same formats need not both stand in a table. */
export const allKinds: readonly Kind[] = [...kinds, 'llamacpp', 'anthropic']

/** What such a server is called in the configuration. */
export const backendKind = (kind: Kind): string => (kind === 'generic' ? 'openai-compatible' : kind)

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

/** Fast enough for tests, slow enough that a stream is one. */
const engine = {
  stepMs: [
    [0, 2],
    [10_000, 2],
  ],
  slots: 16,
} as const

/** What it has where a test does not say. */
const usual = { name: 'llama3.1:8b', contextTokens: 8_192 }

/** A simulated server that remembers what it was asked, and breaks its answers where a test wants it to. */
export class Witness extends SimServer {
  readonly kind: Kind
  /** All requests for an answer, as they came. */
  readonly requests: Outbound[] = []
  /** Their bodies. */
  readonly heard: Json[] = []
  mischief: Mischief | undefined
  /** What its streams are instead of what it has to say itself. */
  says: string | undefined
  /** How many writes its latest answer had. */
  writes = 0

  constructor(kind: Kind, options: ServerOptions = {}) {
    const spec = { name: kind, networkMs: 0, models: [usual], ...options, engine: { ...engine, ...options.engine } }
    super(likes[kind](spec), realClock())
    this.kind = kind
  }

  override async send(out: Outbound): Promise<Inbound> {
    const complaint = complaintAt(out.path)
    if (complaint === undefined) return super.send(out)
    const question = JSON.parse(Buffer.from(out.body ?? []).toString()) as Json
    // Asked for nothing, a server only tells whether it could.
    if (['messages', 'prompt', 'input'].every((field) => question[field] === undefined)) return super.send(out)
    this.requests.push(out)
    this.heard.push(question)
    const inbound = await super.send(out)
    const isStream = inbound.headers['content-type'] !== 'application/json'
    return inbound.status === 200 ? { ...inbound, body: this.#told(inbound.body, complaint, isStream) } : inbound
  }

  async *#told(
    body: AsyncIterable<Uint8Array>,
    complaint: Complaint,
    isStream: boolean,
  ): AsyncGenerator<Uint8Array, void> {
    const { mischief, says } = this
    if (isStream && says !== undefined) return yield Buffer.from(says)
    this.writes = 0
    let told = 0
    for await (const bytes of body) {
      if (told === mischief?.after) {
        if (mischief.by === 'error') yield Buffer.from(isStream ? complaint.frame : complaint.whole)
        // A connection may break within a frame as well as between two, and an answer in one piece breaks inside of it.
        else if (mischief.by !== 'cut' || !isStream) yield bytes.subarray(0, bytes.length >> 1)
        if (mischief.by === 'reset') throw new NetFault('reset', 'The connection was reset.')
        if (mischief.by === 'fin') throw new NetFault('aborted', 'The connection was closed.')
        return
      }
      yield bytes
      told += 1
      this.writes = told
    }
  }
}
