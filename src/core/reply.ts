import type { Allowances } from './allowance.ts'
import type { Fault } from './fault.ts'
import type { Usage } from './usage.ts'

/**
 * An answer in the caller's dialect. Its outcome settles exactly once: when the body has ended, failed or been dropped.
 * A reply that is not a stream has its whole body in one chunk.
 */
export interface Reply {
  readonly stream: boolean
  /** Name of the upstream that speaks. */
  readonly upstream: string
  /** Why it went there, for people: `queued 1.2s; loaded`. */
  readonly decision: string
  readonly body: AsyncIterable<Uint8Array>
  readonly outcome: Promise<Outcome>
  /** How far it has come, for whoever has to know before the caller does; undefined for an answer that is whole as it comes. */
  readonly progress?: Progress | undefined
  /** What is left to a caller who has limits. */
  readonly allowances?: Allowances | undefined
}

export interface Progress {
  /** What was handed on last completes it: nothing that comes after says anything. */
  readonly isWhole: boolean
  readonly outcome: Outcome
}

export interface Outcome {
  readonly usage: Usage
  readonly upstream: string
  /** The model that answered, where it stood in for the one that was asked for. */
  readonly model?: string | undefined
  readonly tier: number
  /** Times it was tried, the one that served included. */
  readonly attempts: number
  /** How often its stream broke and went on all the same. */
  readonly resumes?: number | undefined
  /** Spent waiting for a place. */
  readonly waitMs: number
  /** From arrival to the first token; undefined when none came. */
  readonly firstTokenMs: number | undefined
  readonly totalMs: number
  /** What was thought of these times when it was let in; undefined where nobody could say, or it took more than one try. */
  readonly predicted?: Prediction | undefined
  readonly fault: Fault | undefined
  /** Time of the machines at home that it took. */
  readonly gpuMs?: number | undefined
  /** It went to a costlier server although a cheaper one has the model. */
  readonly spilled?: boolean | undefined
  /** What it cost, in billionths of a dollar; undefined where nobody counts that. */
  readonly costNano?: number | undefined
  /** What it would have cost in the cloud, where it was served at home and a cloud has the model. */
  readonly savedNano?: number | undefined
}

/** What was thought of an ask when it was let in. */
export interface Prediction {
  /** Until it gets its place. */
  readonly waitMs: number
  /** From its arrival, like what it will be compared with. */
  readonly firstTokenMs: number
  readonly totalMs: number
}
