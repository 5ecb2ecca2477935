import type { VectorDialect } from '../core/dialect.ts'
import type { Json } from '../core/json.ts'
import type { Reply } from '../core/reply.ts'
import type { Usage } from '../core/usage.ts'
import type { CallOptions } from './client.ts'

/** A request as OpenAI's embeddings take it. */
export interface EmbedParams extends Json {
  readonly model: string
  readonly input: string | readonly string[]
  readonly dimensions?: number
}

export interface EmbedResult {
  /** In the order of the texts. */
  readonly vectors: readonly (readonly number[])[]
  readonly usage: Usage
  readonly upstream: string
  readonly decision: string
}

/** What is needed of whatever is talked to. */
export interface VectorLine {
  readonly dialect: VectorDialect
  open(params: Json, options: CallOptions & { readonly signal: AbortSignal }): Promise<Reply>
}

/** Turns texts into vectors over any line. */
export async function embed(line: VectorLine, params: EmbedParams, options: CallOptions = {}): Promise<EmbedResult> {
  const signal = options.signal ?? new AbortController().signal
  const reply = await line.open({ ...params, encoding_format: 'float' }, { ...options, signal })
  const chunks: Uint8Array[] = []
  for await (const chunk of reply.body) chunks.push(chunk)
  const { usage } = await reply.outcome
  const { upstream, decision } = reply
  return { vectors: line.dialect.readVectors(Buffer.concat(chunks)).vectors, usage, upstream, decision }
}
