/** The machine of a simulated server, in numbers. */
export interface EngineSpec {
  readonly prefillTokensPerSecond: number
  /** So long each prompt takes beside its tokens, however short it is. */
  readonly prefillMs: number
  /** While a prompt is read nobody says a token, and a prompt waits for the end of a step; else both go on side by side. */
  readonly prefillStalls: boolean
  /** Between two tokens of each generation: with so many at once, so many milliseconds; straight lines between. */
  readonly stepMs: readonly (readonly [running: number, ms: number])[]
  /** Generations at once, per model. */
  readonly slots: number
  /** Models in memory at once. */
  readonly loadedMax: number
  readonly loadMs: number
  /** How long a model stays in memory that nobody uses. */
  readonly keepMs: number
  /** Who is thrown out for another model: one that is idle, or the one used longest ago, even in the middle of an answer. */
  readonly evicts: 'idle' | 'any'
  /** Who says how long a model is to stay, while another waits for it to go, keeps it there idle until then. */
  readonly keepTraps: boolean
  /** A model whose runner hangs is brought back for the next who asks, as soon as nobody is left in its hands. */
  readonly replacesHung: boolean
  /** A load ends when the caller hangs up who set it going. */
  readonly loadDiesWithCaller: boolean
  /** Blocks of prompts it remembers, per model. */
  readonly cacheBlocks: number
  /** Tokens of all running prompts and answers that fit into memory. */
  readonly memoryTokens: number
  /**
   * What happens when they do not fit any more: the newest starts again later, the whole engine dies, or all that
   * generate are broken off.
   */
  readonly whenFull: 'preempt' | 'die' | 'drop-all'
}

/** What a model is loaded with. Whoever wants it otherwise has it loaded anew. */
export interface LoadSetting {
  /** Equal for equal settings. */
  readonly key: string
  readonly contextTokens: number
}

/** `14 + 1.2 b` milliseconds, which is what vLLM does on one card. */
export const batchedStepMs: EngineSpec['stepMs'] = [
  [0, 14],
  [1_000, 1_214],
]

/** A 7B model on llama.cpp, after its own table: four at once cost each of them 2.2 times, eight only 2.4 times. */
export const slottedStepMs: EngineSpec['stepMs'] = [
  [1, 24],
  [2, 39],
  [4, 54],
  [8, 57],
  [16, 66],
  [32, 69],
]

export function stepMsAt(table: EngineSpec['stepMs'], running: number): number {
  let [low, lowMs] = table[0]!
  for (const [high, highMs] of table) {
    if (running <= high) return high === low ? highMs : lowMs + ((highMs - lowMs) * (running - low)) / (high - low)
    ;[low, lowMs] = [high, highMs]
  }
  // Beyond the table it goes on in proportion.
  return (lowMs * running) / low
}
