import { type Chance, pick, triesUntil } from './chance.ts'

/** How often something goes wrong with one request: chances between 0 and 1. */
export interface Faults {
  /** The connection is refused. */
  readonly refused?: number
  /** The connection breaks before a byte of the answer. */
  readonly reset?: number
  readonly error500?: number
  readonly error503?: number
  /** The request is taken and never answered. */
  readonly silent?: number
  /** What comes is no answer but half of one, under the status of a whole one. */
  readonly garbled?: number
  /** Per token: the answer breaks there, in one of the ways answers break. */
  readonly breaks?: number
}

/**
 * How an answer that has begun can break: the connection, with an error in band, as a clean end without the wire's own
 * word for it, by falling silent, or within a frame.
 */
export type Break = 'reset' | 'error' | 'cut' | 'silent' | 'garbled'

/** What chance has in store for one request. */
export interface Fate {
  readonly before: 'refused' | 'reset' | 'error500' | 'error503' | 'silent' | undefined
  /** Tokens that are said before the answer breaks. */
  readonly breaksAfter: number
  readonly breaksBy: Break
}

const befores = ['refused', 'reset', 'error500', 'error503', 'silent'] as const

const breaks: readonly { readonly share: number; readonly of: Break }[] = [
  { share: 4, of: 'reset' },
  { share: 3, of: 'error' },
  { share: 2, of: 'cut' },
  { share: 1, of: 'silent' },
]

export function fateOf(faults: Faults, chance: Chance): Fate {
  // Always as many draws, so that a fault less likely does not shift the fate of every later request.
  let left = chance()
  const breaksAfter = triesUntil(chance, faults.breaks ?? 0)
  const breaksBy = pick(chance, breaks)
  for (const before of befores) {
    left -= faults[before] ?? 0
    if (left < 0) return { before, breaksAfter, breaksBy }
  }
  const { garbled = 0 } = faults
  left -= garbled
  if (left < 0) return { before: undefined, breaksAfter: Math.floor((-left / garbled) * 20), breaksBy: 'garbled' }
  return { before: undefined, breaksAfter, breaksBy }
}
