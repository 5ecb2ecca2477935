import { batchedStepMs, type EngineSpec, slottedStepMs } from './engine-spec.ts'
import type { Faults } from './faults.ts'

/** Which server it acts like: its routes, its wires and its ways with models. */
export type ServerKind =
  | 'ollama'
  | 'llamacpp'
  | 'vllm'
  | 'sglang'
  | 'lmstudio'
  | 'exo'
  | 'tgi'
  | 'openai'
  | 'anthropic'
  | 'generic'

export interface ServerSpec {
  readonly name: string
  readonly kind: ServerKind
  readonly models: readonly ModelSpec[]
  readonly engine: EngineSpec
  readonly faults: Faults
  /** From the request to the server's first look at it. */
  readonly networkMs: number
  /** How far that spreads around it: of its logarithm. 0 for always the same. */
  readonly networkSpread: number
  /** Chance per write that it arrives in two pieces. */
  readonly torn: number
  /** Comments are sent this often while a stream has nothing to say, as llama-server does; 0 for never. */
  readonly pingMs: number
  /** Requests without this key are turned away. */
  readonly key: string | undefined
  /** Dollars per million tokens. */
  readonly price: { readonly input: number; readonly output: number }
  /** After a crash, before it answers again. */
  readonly bootMs: number
  /** Tells its load, where that has to be switched on. */
  readonly metrics: boolean
}

export interface ModelSpec {
  readonly name: string
  readonly contextTokens: number
  /** The most it can be loaded with; the same if nothing is said of it. */
  readonly trainedTokens?: number
  readonly thinks?: boolean
  readonly sees?: boolean
  /** It makes vectors of so many numbers, and nothing else. */
  readonly dimensions?: number
}

export type ServerOptions = Partial<Omit<ServerSpec, 'kind' | 'engine'>> & { readonly engine?: Partial<EngineSpec> }

const common = {
  models: [{ name: 'llama3.1:8b', contextTokens: 8_192 }],
  faults: {},
  networkMs: 0,
  networkSpread: 0,
  torn: 0,
  pingMs: 0,
  key: undefined,
  price: { input: 0, output: 0 },
  bootMs: 5_000,
  metrics: true,
}

/** One card: four slots, several models of which one is in memory. */
const card: EngineSpec = {
  prefillTokensPerSecond: 4_000,
  prefillMs: 0,
  prefillStalls: false,
  stepMs: slottedStepMs,
  slots: 4,
  loadedMax: 1,
  loadMs: 4_000,
  keepMs: Infinity,
  evicts: 'idle',
  keepTraps: false,
  replacesHung: false,
  loadDiesWithCaller: false,
  cacheBlocks: 1_000,
  memoryTokens: 4 * 8_192,
  whenFull: 'die',
}

/** A larger card that batches; what it serves, it has in memory. */
const batching: EngineSpec = {
  ...card,
  prefillTokensPerSecond: 8_000,
  stepMs: batchedStepMs,
  slots: 16,
  loadedMax: 1_000,
  memoryTokens: 64_000,
  cacheBlocks: 4_000,
  whenFull: 'preempt',
}

/** Somebody else's machines: as wide as wanted. */
const farm: EngineSpec = {
  ...card,
  prefillTokensPerSecond: 1_000_000,
  stepMs: [
    [0, 11],
    [10_000, 11],
  ],
  slots: 10_000,
  loadedMax: 1_000,
  memoryTokens: 1_000_000_000,
  cacheBlocks: 100_000,
  whenFull: 'preempt',
}

const far = { networkMs: 350, price: { input: 0.25, output: 2 } }

type Usual = Partial<Omit<ServerSpec, 'kind' | 'engine' | 'name'>>

/** A server of a kind, with what is usual there unless something else is said. */
const like =
  (kind: ServerKind, name: string, machine: EngineSpec, usual: Usual = {}) =>
  (options: ServerOptions = {}): ServerSpec => ({
    name,
    ...common,
    ...usual,
    ...options,
    kind,
    engine: { ...machine, ...options.engine },
  })

type Like = (options?: ServerOptions) => ServerSpec

export const ollamaLike: Like = like('ollama', 'ollama', {
  ...card,
  keepMs: 300_000,
  keepTraps: true,
  replacesHung: true,
  loadDiesWithCaller: true,
})

export const vllmLike: Like = like('vllm', 'vllm', batching, { bootMs: 30_000 })

export const sglangLike: Like = like('sglang', 'sglang', batching, { bootMs: 30_000 })

/** With one model, or as a router of several. Its slots share one memory, and when that is full all of them are cut off. */
export const llamacppLike: Like = like('llamacpp', 'llamacpp', { ...card, whenFull: 'drop-all' })

/** Loads what it is asked for, in place of what it had. */
export const lmStudioLike: Like = like('lmstudio', 'lmstudio', { ...card, keepMs: 3_600_000, whenFull: 'drop-all' })

/** Serves what it was told to place, and loads nothing by itself. */
export const exoLike: Like = like('exo', 'exo', { ...card, loadedMax: 2, whenFull: 'drop-all' }, { pingMs: 10_000 })

/** Batches like vLLM. */
export const tgiLike: Like = like('tgi', 'tgi', batching, { bootMs: 30_000 })

const genericLike: Like = like('generic', 'generic', { ...batching, slots: 8 })

export const cloudLike: Like = like('openai', 'cloud', farm, {
  ...far,
  models: [{ name: 'gpt-5-mini', contextTokens: 272_000 }],
})

export const anthropicLike: Like = like('anthropic', 'anthropic', farm, {
  ...far,
  models: [{ name: 'claude-haiku-4-5', contextTokens: 200_000, thinks: true, sees: true }],
  price: { input: 1, output: 5 },
})

export const likes: Readonly<Record<ServerKind, Like>> = {
  ollama: ollamaLike,
  llamacpp: llamacppLike,
  vllm: vllmLike,
  sglang: sglangLike,
  lmstudio: lmStudioLike,
  exo: exoLike,
  tgi: tgiLike,
  openai: cloudLike,
  anthropic: anthropicLike,
  generic: genericLike,
}
