import { tallyIn } from './content.ts'

/** What rows add up to, along two lines: by when they came, and by whose they are. */
export interface Sums {
  readonly bySlot: Map<number, number[]>
  readonly byGroup: Map<string, number[]>
}

export const emptySums = (): Sums => ({ bySlot: new Map(), byGroup: new Map() })

/** Adds a row, unless it is one of those whose sums are closed for good. `closedThen` is what was closed when it was written. */
export function addRow(
  sums: Sums,
  content: string,
  { closed, closedThen }: { closed: number; closedThen: number },
): void {
  const { slot: at, group, counts } = tallyIn(content)
  const slot = Math.max(at, closedThen)
  if (slot < closed) return
  addTo(sums.bySlot, slot, counts)
  addTo(sums.byGroup, group, counts)
}

export function addSums(sums: Sums, more: Sums): void {
  for (const [slot, counts] of more.bySlot) addTo(sums.bySlot, slot, counts)
  for (const [group, counts] of more.byGroup) addTo(sums.byGroup, group, counts)
}

function addTo<K>(sums: Map<K, number[]>, key: K, counts: readonly number[]): void {
  const known = sums.get(key)
  if (known === undefined) sums.set(key, [...counts])
  else for (let i = 0; i < counts.length; i += 1) known[i]! += counts[i]!
}
