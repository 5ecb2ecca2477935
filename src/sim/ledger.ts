/** What happened inside one simulated server, told by itself: what the gateway says can be held against it. */
export interface Ledger {
  /** Requests for an answer that reached it. */
  asked: number
  /** Answers that ended whole. */
  whole: number
  /** Answers it broke off, and requests it failed, by its own fault. */
  broken: number
  /** Answers nobody waited for any more. */
  aborted: number
  /** Requests it found fault with. */
  refused: number
  /** Requests for an answer that are open now, and the most there ever were. */
  open: number
  openMost: number
  promptTokens: number
  /** Of those, the ones that needed no work. */
  cachedTokens: number
  /** All it ever generated, whether or not somebody heard it. */
  outputTokens: number
  /** Texts it made vectors of. */
  vectors: number
  /** Models it brought into memory; of those, the ones that were there and are wanted with other settings. */
  loads: number
  reloads: number
  /** Loads that were for nothing: who had asked for the model hung up meanwhile. */
  loadsLost: number
  /** Models that had to go so that another had room; models that were told to go. */
  evictions: number
  unloads: number
  /** Of all those that went, the ones that were in use. */
  kills: number
  /** Requests that said how long their model is to stay. */
  keepAlives: number
  preempted: number
  crashes: number
}

export const emptyLedger = (): Ledger => ({
  asked: 0,
  whole: 0,
  broken: 0,
  aborted: 0,
  refused: 0,
  open: 0,
  openMost: 0,
  promptTokens: 0,
  cachedTokens: 0,
  outputTokens: 0,
  vectors: 0,
  loads: 0,
  reloads: 0,
  loadsLost: 0,
  evictions: 0,
  unloads: 0,
  kills: 0,
  keepAlives: 0,
  preempted: 0,
  crashes: 0,
})
