import { type Measures, measuresByCaller, measuresOf } from './measures.ts'
import type { Passage } from './passage.ts'

/** How the same requests went once: what was recorded, or what came of a plan. */
export interface Column {
  readonly id: 'recorded' | 'as-it-was' | 'changed'
  readonly name: string
  readonly all: Measures
  readonly callers: Readonly<Record<string, Measures>>
}

export function columnOf(
  { id, name }: Pick<Column, 'id' | 'name'>,
  passages: readonly Passage[],
  spellMs: number,
): Column {
  const spell = { ms: spellMs }
  return { id, name, all: measuresOf(passages, spell), callers: measuresByCaller(passages, spell) }
}

/** What is not the same in reality and in the simulation of it, by which a reader sees whether to believe it. */
export interface Difference {
  readonly what: 'first token p50' | 'first token p99' | 'tokens per second' | 'share refused'
  readonly recorded: number
  readonly simulated: number
}

/** Closer than that nobody needs it. */
const enough = 0.15
const leastMs = 20
const leastShare = 0.01
/** From fewer answers nobody can tell whether two of their middles are alike. */
export const streamedLeast = 30

/** Undefined where too few answers were streamed to tell. */
export function differencesOf(recorded: Measures, simulated: Measures): readonly Difference[] | undefined {
  if (recorded.streamed < streamedLeast) return undefined
  const compared: readonly (Difference & { readonly least: number })[] = [
    {
      what: 'first token p50',
      recorded: recorded.firstTokenMs.p50,
      simulated: simulated.firstTokenMs.p50,
      least: leastMs,
    },
    {
      what: 'first token p99',
      recorded: recorded.firstTokenMs.p99,
      simulated: simulated.firstTokenMs.p99,
      least: leastMs,
    },
    {
      what: 'tokens per second',
      recorded: recorded.tokensPerSecond,
      simulated: simulated.tokensPerSecond,
      least: 0,
    },
    { what: 'share refused', recorded: refusedShare(recorded), simulated: refusedShare(simulated), least: leastShare },
  ]
  return compared.flatMap(({ least, ...one }) => {
    const off = Math.abs(one.simulated - one.recorded)
    return off > Math.max(enough * one.recorded, least) ? [one] : []
  })
}

export const refusedShare = ({ refused, requests }: Pick<Measures, 'refused' | 'requests'>): number =>
  refused / Math.max(requests, 1)
