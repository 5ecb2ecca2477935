import type { Ask } from './ask.ts'
import type { Outcome } from './reply.ts'

export type Predicted = 'wait' | 'first_token' | 'total'

/** One thing that was predicted, and what came. */
export interface Comparison {
  readonly what: Predicted
  readonly predictedMs: number
  readonly actualMs: number
  /** Actual by predicted: above 1 it came later. */
  readonly ratio: number
  /** The same to either side, so never below 1. */
  readonly factor: number
}

/** Below this nobody minds by how much: shorter times are taken to be as long. */
const leastMs = 10

/** How true it was, of an ask that was served as it was meant to be: whole, and at the first try. */
export function comparisonsOf({ stream, needs }: Ask, outcome: Outcome): readonly Comparison[] {
  const { predicted, fault, waitMs, firstTokenMs, totalMs } = outcome
  if (predicted === undefined || fault !== undefined) return none
  const found: Comparison[] = []
  const compare = (what: Predicted, predictedMs: number, actualMs: number): void => {
    const ratio = Math.max(leastMs, actualMs) / Math.max(leastMs, predictedMs)
    found.push({ what, predictedMs, actualMs, ratio, factor: Math.max(ratio, 1 / ratio) })
  }
  if (waitMs > 0 || predicted.waitMs > 0) compare('wait', predicted.waitMs, waitMs)
  // An answer in one piece has no first token.
  if (stream && firstTokenMs !== undefined && !needs.includes('vectors'))
    compare('first_token', predicted.firstTokenMs, firstTokenMs)
  compare('total', predicted.totalMs, totalMs)
  return found
}

const none: readonly Comparison[] = []
