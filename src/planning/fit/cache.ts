import { blockTokens, Prefixes } from '../../sim/prefixes.ts'
import type { Stay } from './stays.ts'

/** As many blocks as a server may turn out to remember. */
const sizes = [0, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000]

/** Of tokens that could have been found again there have to be so many for that to tell anything. */
const repeatedLeast = 5_000

/**
 * How many blocks of prompts a server remembers, by what it said it did not have to read. Undefined where it did not say, or where
 * hardly any prompt began like an earlier one.
 */
export function cacheBlocksOf(stays: readonly Stay[]): number | undefined {
  const telling = stays.filter(({ cachedTokens, isCounted }) => cachedTokens !== undefined && isCounted)
  if (telling.length < stays.length / 2) return undefined
  const cached = sum(telling, ({ cachedTokens }) => cachedTokens!)
  const by = cachedWithEach(telling)
  if (by.at(-1)!.cached < repeatedLeast) return undefined
  return by.reduce((best, one) => (Math.abs(one.cached - cached) < Math.abs(best.cached - cached) ? one : best)).size
}

function cachedWithEach(stays: readonly Stay[]): readonly { readonly size: number; readonly cached: number }[] {
  const tried = sizes.map((size) => ({ size, cached: 0, prefixes: new Map<string, Prefixes>() }))
  for (const stay of stays) {
    const marks = marksOf(stay)
    for (const one of tried) {
      const theirs = one.prefixes.get(stay.model) ?? new Prefixes(one.size)
      one.prefixes.set(stay.model, theirs)
      one.cached += Math.max(Math.min(theirs.cached(marks), stay.promptTokens - 1), 0)
      theirs.keep(marks)
    }
  }
  return tried
}

/** Blocks as they were recorded, in blocks of the simulator's length. */
function marksOf({ blocks, blockTokens: recordedTokens, promptTokens }: Stay): number[] {
  const count = Math.floor(Math.min(blocks.length * recordedTokens, promptTokens) / blockTokens)
  return Array.from({ length: count }, (_, at) => {
    const lastToken = (at + 1) * blockTokens - 1
    const block = Math.floor(lastToken / recordedTokens)
    // Several marks may end within one recorded block.
    return blocks[block]! * 4_096 + Math.floor((lastToken % recordedTokens) / blockTokens)
  })
}

const sum = (stays: readonly Stay[], of: (stay: Stay) => number): number =>
  stays.reduce((total, stay) => total + of(stay), 0)
