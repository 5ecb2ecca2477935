/** What a part ends with: one number, and whether it clears its bar. */
export interface Conclusion extends Finding {
  /** Whether the number is on the right side of the bar, be it by a hair. True where there is none. */
  readonly isMet: boolean
  readonly verdict: Verdict
}

/**
 * Nearer to the bar than its own noise reaches, a number says "met" today and "missed" tomorrow. So it says neither: it is at the
 * bar, and a run that says so contradicts no other. Nor does one in which something else had the machine: it is disturbed.
 */
export type Verdict = 'met' | 'at the bar' | 'missed' | 'disturbed' | 'no bar'

/** What a part knows of it. */
export interface Finding {
  /** The same from run to run: "overhead.small.ratio". */
  readonly id: string
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly digits?: number
  readonly bar?: Bar
  /** From a seed, it is the same everywhere; a ratio of two that were measured side by side; a figure of this machine. */
  readonly kind: 'virtual' | 'ratio' | 'absolute'
  /** The same number as several windows or rounds of this run had it: how far they lie apart is its noise. */
  readonly windows?: readonly number[]
  /** How far the machine itself strayed meanwhile, as a share of its speed. */
  readonly strays?: number
  /** Something else had the machine whenever this was measured. */
  readonly isDisturbed?: boolean
  /** What bounds it, where it is known to be missed. */
  readonly missedSince?: string
}

export type Bar = { readonly most: number } | { readonly least: number }

export function conclude(finding: Finding): Conclusion {
  const { bar, value, windows = [], strays = 0, isDisturbed = false } = finding
  if (bar === undefined) return { ...finding, isMet: true, verdict: 'no bar' }
  const limit = 'most' in bar ? bar.most : bar.least
  const isMet = 'most' in bar ? value <= limit : value >= limit
  if (isDisturbed) return { ...finding, isMet, verdict: 'disturbed' }
  const isNear = Math.abs(value - limit) < Math.max(noiseOf(windows), strays * Math.abs(value))
  return { ...finding, isMet, verdict: isNear ? 'at the bar' : isMet ? 'met' : 'missed' }
}

/** How far a median of so few windows is to be trusted: half of what lies between the least and the most of them. */
const noiseOf = (windows: readonly number[]): number =>
  windows.length < 2 ? 0 : (Math.max(...windows) - Math.min(...windows)) / 2

/** Two runs contradict each other where one says met and the other missed. */
export function contradictions(some: readonly Conclusion[], others: readonly Conclusion[]): readonly string[] {
  const before = new Map(others.map((conclusion) => [conclusion.id, conclusion]))
  return some.flatMap(({ id, verdict, value }) => {
    const other = before.get(id)
    const pair = [verdict, other?.verdict]
    if (other === undefined || !pair.includes('met') || !pair.includes('missed')) return []
    return [`${id}: ${verdict} (${value}), where the other run says ${other.verdict} (${other.value})`]
  })
}
