import type { ConfigInput } from '../config/schema.ts'
import { resolve } from '../config/settings.ts'
import type { Limits } from '../core/allowance.ts'
import type { Backend } from '../core/backend.ts'
import type { Dialect } from '../core/dialect.ts'
import type { Json } from '../core/json.ts'
import type { Policy } from '../core/policy.ts'
import type { Layer } from '../core/serve.ts'
import type { World } from '../core/world.ts'
import { talkById, vectorsById } from '../dialects/index.ts'
import { createGateway as createEngine, type Gateway as Engine } from '../gateway.ts'
import { realWorld } from '../http/world.ts'
import type { Hooks } from '../layers/hooks.ts'
import { application, type CallOptions, type ChatParams, type ChatResult, type ChatStream, Client } from './client.ts'
import { embed, type EmbedParams, type EmbedResult } from './embed.ts'
import { rethrowLocal } from './local-rate-limit.ts'
import { recordingOf } from './recording.ts'

export interface GatewayOptions {
  readonly layers?: readonly Layer[]
  readonly hooks?: Hooks
  /** Kinds of server of one's own, which the configuration may then name as `kind`. One with a known name replaces it. */
  readonly backends?: readonly Backend[]
  /** Which of the places that are free is best; the built-in one unless given. */
  readonly policy?: Policy
  /** How much the application itself may ask. Beyond it a call fails at once with `LOCAL_RATE_LIMIT`. */
  readonly limits?: Limits
  /**
   * A folder in which to take down what is asked, never what is said, so that `spillway simulate --recording FOLDER` can play it
   * again. How much of it is kept the configuration says, under `recording`. Without a folder nothing is recorded.
   */
  readonly recordings?: string
  /** Time, chance and the network; the real ones unless a test or a simulation brings its own. */
  readonly world?: World
}

/** The gateway inside an application: the same engine as `spillway serve`, without the ports. */
export interface Gateway {
  chat(params: ChatParams, options?: CallOptions): Promise<ChatResult>
  stream(params: ChatParams, options?: CallOptions): Promise<ChatStream>
  embed(params: EmbedParams, options?: CallOptions): Promise<EmbedResult>
  /** What the doors, the telemetry and further layers build on. */
  readonly engine: Engine
  close(): Promise<void>
}

/** Starts a gateway in this process. The configuration has the shape of `spillway.yaml`; faults in it throw. */
export async function createGateway(config: ConfigInput, options: GatewayOptions = {}): Promise<Gateway> {
  const { backends, world, layers, hooks, policy, limits, recordings } = options
  const settings = resolve(config, { backends })
  const own = world === undefined ? realWorld({ connectMs: settings.timeouts.connectMs }) : undefined
  const engine = createEngine(settings, { world: own ?? world!, layers, hooks, policy })
  const recording = recordings === undefined ? undefined : recordingOf(engine, recordings)
  if (recording !== undefined) engine.subscribe(recording.listen)
  const caller = { ...application, limits }
  await engine.start()
  const lineIn = <D extends Dialect>(dialect: D) => ({
    dialect,
    open: (body: Json, { signal, ...wishes }: CallOptions & { readonly signal: AbortSignal }) =>
      engine.serve(engine.ask({ dialect, body, caller, signal, ...wishes })).catch(rethrowLocal),
  })
  const client = new Client(lineIn(talkById('openai-chat')!))
  const vectors = lineIn(vectorsById('openai-embeddings')!)
  return {
    chat: (params, wishes) => client.chat(params, wishes),
    stream: (params, wishes) => client.stream(params, wishes),
    embed: (params, wishes) => embed(vectors, params, wishes),
    engine,
    close: async () => {
      await engine.stop()
      await recording?.close()
      await own?.close()
    },
  }
}
