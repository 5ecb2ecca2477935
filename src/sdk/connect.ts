import type { Ask } from '../core/ask.ts'
import type { Dialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import type { Json } from '../core/json.ts'
import { compose, type Layer } from '../core/serve.ts'
import { dialectById, talkById, vectorsById } from '../dialects/index.ts'
import { hooks, type Hooks } from '../layers/hooks.ts'
import { application, type CallOptions, type ChatParams, type ChatResult, type ChatStream, Client } from './client.ts'
import { embed, type EmbedParams, type EmbedResult } from './embed.ts'
import { remote } from './remote.ts'

export interface ConnectOptions {
  /** The caller's key, where the gateway wants one. */
  readonly key?: string
  readonly layers?: readonly Layer[]
  readonly hooks?: Hooks
}

export interface Connection {
  chat(params: ChatParams, options?: CallOptions): Promise<ChatResult>
  stream(params: ChatParams, options?: CallOptions): Promise<ChatStream>
  embed(params: EmbedParams, options?: CallOptions): Promise<EmbedResult>
}

/** The same client, to a gateway at an address. */
export function connect(url: string, options: ConnectOptions = {}): Connection {
  const around: Layer[] = [...(options.layers ?? [])]
  if (options.hooks !== undefined) {
    around.unshift(
      hooks(options.hooks, {
        glanceOf: (id, body) => dialectOf(id).glance(body),
        onThrow: (error) => process.emitWarning(`A hook threw ${error instanceof Error ? error.name : typeof error}.`),
      }),
    )
  }
  const serve = compose(around, remote({ url, key: options.key, dialectOf }))
  const lineIn = <D extends Dialect>(dialect: D) => ({
    dialect,
    open: (
      body: Json,
      { signal, patienceMs, deadlineMs, priority, cloud }: CallOptions & { readonly signal: AbortSignal },
    ) =>
      serve({
        id: crypto.randomUUID(),
        caller: application,
        dialect: dialect.id,
        ...dialect.glance(body),
        body,
        raw: undefined,
        headers: [],
        priority: priority ?? 'default',
        cloud: cloud ?? 'allowed',
        // The gateway's own default, unless the caller said.
        patienceMs: patienceMs ?? Infinity,
        deadlineMs,
        arrivedAt: performance.now(),
        signal,
      } satisfies Ask),
  })
  const client = new Client(lineIn(talkById('openai-chat')!))
  const vectors = lineIn(vectorsById('openai-embeddings')!)
  return {
    chat: (params, wishes) => client.chat(params, wishes),
    stream: (params, wishes) => client.stream(params, wishes),
    embed: (params, wishes) => embed(vectors, params, wishes),
  }
}

function dialectOf(id: string): Dialect {
  const dialect = dialectById(id)
  if (dialect === undefined) throw new Fault('internal', `No dialect is called ${id}.`)
  return dialect
}
