import { batchedStepMs, type EngineSpec, slottedStepMs } from './engine-spec.ts'
import type { Faults } from './faults.ts'

export interface ServerSpec {
  readonly name: string
  /** Which server it acts like: its routes and its wire. */
  readonly manner: 'ollama' | 'vllm' | 'cloud'
  readonly models: readonly ModelSpec[]
  readonly engine: EngineSpec
  readonly faults: Faults
  /** From the request to the server's first look at it. */
  readonly networkMs: number
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
}

export interface ModelSpec {
  readonly name: string
  readonly contextTokens: number
}

export type ServerOptions = Partial<Omit<ServerSpec, 'manner' | 'engine'>> & { readonly engine?: Partial<EngineSpec> }

const common = {
  models: [{ name: 'llama3.1:8b', contextTokens: 8_192 }],
  faults: {},
  networkMs: 0,
  torn: 0,
  pingMs: 0,
  key: undefined,
  price: { input: 0, output: 0 },
  bootMs: 5_000,
}

const card: EngineSpec = {
  prefillTokensPerSecond: 4_000,
  stepMs: slottedStepMs,
  slots: 4,
  loadedMax: 1,
  loadMs: 4_000,
  cacheBlocks: 1_000,
  memoryTokens: 4 * 8_192,
  whenFull: 'die',
}

/** A machine with one card and Ollama: four slots, several models of which one is in memory. */
export const ollamaLike = (options: ServerOptions = {}): ServerSpec => ({
  name: 'ollama',
  ...common,
  ...options,
  manner: 'ollama',
  engine: { ...card, ...options.engine },
})

/** A machine with vLLM: models that are always there, and wide batches. */
export const vllmLike = (options: ServerOptions = {}): ServerSpec => ({
  name: 'vllm',
  ...common,
  bootMs: 30_000,
  ...options,
  manner: 'vllm',
  engine: {
    ...card,
    prefillTokensPerSecond: 8_000,
    stepMs: batchedStepMs,
    slots: 16,
    // What it serves, it has in memory.
    loadedMax: 1_000,
    memoryTokens: 64_000,
    cacheBlocks: 4_000,
    whenFull: 'preempt',
    ...options.engine,
  },
})

/** Somebody else's machines: as wide as wanted, a little away, and at a price. */
export const cloudLike = (options: ServerOptions = {}): ServerSpec => ({
  name: 'cloud',
  ...common,
  models: [{ name: 'gpt-5-mini', contextTokens: 272_000 }],
  networkMs: 350,
  price: { input: 0.25, output: 2 },
  ...options,
  manner: 'cloud',
  engine: {
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
    ...options.engine,
  },
})
