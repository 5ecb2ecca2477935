import type { FaultKind } from '../core/fault.ts'
import { hasLeft } from '../sim/replay.ts'
import { type Percentiles, percentiles } from '../sim/report.ts'
import type { Passage } from './passage.ts'

/** How it went, in numbers. It is plain JSON. */
export interface Measures {
  readonly requests: number
  readonly answered: number
  /** Turned away, and why. */
  readonly refused: number
  readonly refusals: Readonly<Record<string, number>>
  /** A server broke down over it, or was too slow. */
  readonly failed: number
  /** Gone of their own will. */
  readonly left: number
  /** Shares of what was answered that went to a costlier tier than the cheapest that has the model. */
  readonly spilled: { readonly requests: number; readonly tokens: number }
  /** Of what was answered. */
  readonly waitMs: Percentiles
  /** Of how many answers it is known when they began. */
  readonly streamed: number
  /** Of those. */
  readonly firstTokenMs: Percentiles
  /** Of answers, on average over all the time. */
  readonly tokensPerSecond: number
  readonly usd: number
  readonly usdPerDay: number
}

export interface Spell {
  /** From the first arrival to the last. */
  readonly ms: number
}

export function measuresOf(passages: readonly Passage[], { ms }: Spell): Measures {
  const answered = passages.filter(({ fault }) => fault === undefined)
  const refused = passages.filter(isRefused)
  const left = passages.filter(hasLeft).length
  const spilled = answered.filter((one) => one.spilled === true)
  const firstTokensMs = answered.flatMap((one) => one.first_token_ms ?? [])
  const tokens = sum(answered, tokensOf)
  const usd = sum(passages, (one) => one.usd ?? 0)
  return {
    requests: passages.length,
    answered: answered.length,
    refused: refused.length,
    refusals: counted(refused.map(({ fault }) => fault!)),
    failed: passages.length - answered.length - refused.length - left,
    left,
    spilled: { requests: ratio(spilled.length, answered.length), tokens: ratio(sum(spilled, tokensOf), tokens) },
    waitMs: percentiles(answered.map((one) => one.wait_ms)),
    streamed: firstTokensMs.length,
    firstTokenMs: percentiles(firstTokensMs),
    tokensPerSecond: round((tokens * 1_000) / Math.max(ms, 1), 10),
    usd: round(usd, 1e6),
    usdPerDay: round((usd * dayMs) / Math.max(ms, 1), 1e6),
  }
}

/** The same of each caller, those who asked most first. */
export function measuresByCaller(passages: readonly Passage[], spell: Spell): Readonly<Record<string, Measures>> {
  const groups = [...Map.groupBy(passages, ({ caller }) => caller)]
  groups.sort(([one, its], [other, others]) => others.length - its.length || (one < other ? -1 : 1))
  return Object.fromEntries(groups.map(([caller, its]) => [caller, measuresOf(its, spell)]))
}

export const isRefused = ({ fault }: Pick<Passage, 'fault'>): boolean => fault !== undefined && refusals.has(fault)

const refusals: ReadonlySet<string> = new Set<FaultKind>([
  'queue-full',
  'patience-spent',
  'rate-limited',
  'over-budget',
  'no-such-model',
  'model-missing',
  'no-upstream',
  'ledger-closed',
  'shutting-down',
  'overloaded',
])

export const dayMs = 86_400_000

const tokensOf = (one: Passage): number => one.output_tokens

const ratio = (part: number, whole: number): number => round(part / Math.max(whole, 1), 10_000)

const sum = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((total, one) => total + of(one), 0)

const round = (value: number, parts: number): number => Math.round(value * parts) / parts

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
