import { quantile } from '../../core/quantile.ts'
import type { FaultKind } from '../../core/fault.ts'
import type { Sample } from '../sample.ts'

/** What became of a request, as its caller sees it. */
export type Fate =
  /** Its first token came while it was of use, and the answer went well. */
  | 'on-time'
  | 'late'
  /** Nobody would answer it, and said so. */
  | 'refused'
  /** Nobody had said anything by the time when it could not matter any more. */
  | 'unanswered'
  | 'failed'

/** Those by which a server or a gateway says that it has no room: to ask again later makes sense. */
const refusals: ReadonlySet<string> = new Set<FaultKind>([
  'queue-full',
  'patience-spent',
  'rate-limited',
  'over-budget',
  'upstream-busy',
  'no-upstream',
  'overloaded',
  'shutting-down',
])

export function fateOf({ fault, firstTokenMs }: Sample, patienceMs: number): Fate {
  if (firstTokenMs !== undefined) {
    // Of one that was left while it was speaking, the end is not known; the beginning is.
    if (fault !== undefined && fault !== 'cancelled') return 'failed'
    return firstTokenMs <= patienceMs ? 'on-time' : 'late'
  }
  if (fault === 'cancelled') return 'unanswered'
  return fault !== undefined && refusals.has(fault) ? 'refused' : 'failed'
}

export const isWhole = ({ fault }: Sample): boolean => fault === undefined

/** NaN of none. */
export const shareOf = (samples: readonly Sample[], is: (sample: Sample) => boolean): number =>
  samples.filter(is).length / samples.length

/** Undefined where it is not known who costs money. */
export const spilledShare = (
  samples: readonly Sample[],
  isSpill: ((upstream: string | undefined) => boolean) | undefined,
): number | undefined => isSpill && shareOf(samples, ({ upstream }) => isSpill(upstream))

/** When first tokens came; never, where none did. */
export const firstTokens = (samples: readonly Sample[]): readonly number[] =>
  samples.map(({ firstTokenMs }) => firstTokenMs ?? Infinity)

/** Of those that have a value. */
export function quantileOf(
  samples: readonly Sample[],
  share: number,
  of: (sample: Sample) => number | undefined,
): number | undefined {
  const values = samples.map(of).filter((value) => value !== undefined)
  return values.length === 0 ? undefined : quantile(values, share)
}

/** `gpu-1 answered 12 and haiku 3.` */
export function whoAnswered(samples: readonly Sample[]): string | undefined {
  const counts = new Map<string, number>()
  for (const { upstream, firstTokenMs } of samples)
    if (upstream !== undefined && firstTokenMs !== undefined) counts.set(upstream, (counts.get(upstream) ?? 0) + 1)
  const said = [...counts].toSorted(([, one], [, other]) => other - one).map(([name, count]) => `${name} ${count}`)
  return said.length === 0 ? undefined : `Answered through the gateway: ${said.join(', ')}.`
}

/** What went wrong, by how often, so that nobody has to guess; undefined where nothing did. */
export function whatFailed(samples: readonly Sample[], where: string): string | undefined {
  const counts = new Map<string, number>()
  for (const { fault, complaint } of samples)
    if (fault !== undefined && fault !== 'cancelled' && !refusals.has(fault)) {
      const said = complaint ?? fault
      counts.set(said, (counts.get(said) ?? 0) + 1)
    }
  const [most] = [...counts].toSorted(([, one], [, other]) => other - one)
  if (most === undefined) return undefined
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0)
  return `${all} of ${samples.length} failed ${where}; most often: ${most[0]}`
}
