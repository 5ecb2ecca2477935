import type { Figures, Step } from './step.ts'

/** What is asked of a server beside throughput. */
export interface Bounds {
  /** For 95 of 100 first tokens, at most; undefined for what is usual. */
  readonly firstTokenMs?: number | undefined
  /** Between two tokens, for 95 of 100 answers, at most; undefined for no bound. */
  readonly tokenMs?: number | undefined
}

/** With so much of the best throughput a smaller number is the better one: the rest would be paid for in waits. */
export const enoughShare = 0.95

/** Where nobody says how long a first token may take: so many times as long as for one alone, and this beside. */
const patienceTimes = 4
const patienceMs = 1_000

/** How long 95 of 100 first tokens may take. */
export const firstTokenMostMs = ({ firstTokenMs }: Bounds, alone: Figures | undefined): number =>
  firstTokenMs ?? (alone?.firstTokenMs === undefined ? Infinity : patienceTimes * alone.firstTokenMs.p50 + patienceMs)

/** Whether it went well, and nobody waited too long. */
export function isBearable(step: Figures, bounds: Bounds, alone: Figures | undefined): boolean {
  const { fault, firstTokenMs, tokenMs } = step
  return (
    fault === undefined &&
    (firstTokenMs?.p95 ?? 0) <= firstTokenMostMs(bounds, alone) &&
    (tokenMs?.p95 ?? 0) <= (bounds.tokenMs ?? Infinity)
  )
}

/** The fewest at once that give 95 % of the best throughput, of all numbers with which nobody waits too long. */
export function sweetSpot(steps: readonly Step[], bounds: Bounds): Step | undefined {
  const inOrder = steps.toSorted((a, b) => a.concurrency - b.concurrency)
  const alone = inOrder.find(({ concurrency }) => concurrency === 1)
  const bearable = inOrder.filter((step) => isBearable(step, bounds, alone))
  const best = bestOf(bearable)
  // Where one alone is too slow already, nothing is gained by having even more wait.
  if (best === undefined) return alone?.fault === undefined ? alone : undefined
  return bearable.find(({ tokensPerSecond }) => tokensPerSecond >= enoughShare * best.tokensPerSecond)
}

export const bestOf = (steps: readonly Step[]): Step | undefined =>
  steps.reduce<Step | undefined>(
    (best, step) => (step.tokensPerSecond > (best?.tokensPerSecond ?? 0) ? step : best),
    undefined,
  )
