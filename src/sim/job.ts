import type { LoadSetting } from './engine-spec.ts'

/**
 * A generation, as the engine sees it: so many tokens to read, so many to say. Nothing to say is work all the same, and
 * with nothing to read either it is over as soon as its model is in memory.
 */
export interface Job {
  readonly model: string
  readonly promptTokens: number
  readonly blocks: readonly number[]
  readonly outputTokens: number
  /** How its model is to be loaded; undefined when that makes no difference. */
  readonly setting?: LoadSetting | undefined
  /** How long its model is to stay after it, and from then on. */
  readonly keepMs?: number | undefined
  /** After so many tokens it wants to hear of them, however coarsely its server tells; and of nothing else, where it is whole. */
  readonly stops?: readonly number[] | undefined
  /** It is of use only when all was said. */
  readonly isWhole?: boolean
  /** It has got a place. */
  onStart?(run: Run): void
  /** It has said this token, and all before it. */
  onToken(index: number, run: Run): void
  /** Told at most once, and not of a run that was dropped. */
  onEnd(ending: JobEnding, run: Run): void
}

/**
 * All was said; it can never fit; memory ran out and took everything with it; its model was thrown out, or could not be
 * brought in; the machine went down.
 */
export type JobEnding = 'whole' | 'full' | 'out-of-memory' | 'killed' | 'unloadable' | 'crashed'

/** How busy it is. */
export interface Load {
  readonly running: number
  readonly waiting: number
  /** Tokens in memory, of the most that fit. */
  readonly heldTokens: number
}

/** A job and how far it is. */
export interface Run {
  readonly job: Job
  readonly submittedAt: number
  /** When it got a place, when its first token came. */
  startedAt: number
  firstTokenAt: number
  loadMs: number
  cachedTokens: number
  said: number
  /** When its job last heard of what was said. */
  toldAt: number
  state: 'waiting' | 'running' | 'over'
}
