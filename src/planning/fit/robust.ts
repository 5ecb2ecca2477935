/** One thing that was measured: a sum of unknown amounts, each so many times. */
export interface Measured {
  readonly parts: readonly number[]
  readonly whole: number
}

const rounds = 25

/**
 * The amounts that fit best, by the sum of the distances and not of their squares: a few that went wrong have no say. What is
 * large, or would be by these amounts, may be off by more. No amount is below 0. Where many may have gone wrong, a guess says which.
 */
export function amountsBehind(all: readonly Measured[], count: number, guess?: readonly number[]): number[] {
  let amounts: readonly number[] = guess ?? Array.from({ length: count }, () => 0)
  for (let round = 0; round < rounds; round += 1) {
    const weights = all.map(({ parts, whole }) => {
      const sum = sumOf(parts, amounts)
      const size = Math.max(Math.abs(whole), sum) + 1
      const off = Math.abs(whole - sum) / size
      return 1 / (size * size * Math.max(off, 0.002))
    })
    amounts = leastSquares(all, weights, count).map((amount) => Math.max(amount, 0))
  }
  return [...amounts]
}

const sumOf = (parts: readonly number[], amounts: readonly number[]): number =>
  parts.reduce((sum, part, index) => sum + part * amounts[index]!, 0)

function leastSquares(all: readonly Measured[], weights: readonly number[], count: number): number[] {
  const rows = Array.from({ length: count }, () => new Float64Array(count + 1))
  for (const [index, { parts, whole }] of all.entries()) {
    const weight = weights[index]!
    for (let row = 0; row < count; row += 1) {
      const times = weight * parts[row]!
      if (times === 0) continue
      for (let column = 0; column < count; column += 1) rows[row]![column]! += times * parts[column]!
      rows[row]![count]! += times * whole
    }
  }
  return solved(rows)
}

/** What nothing was measured of is 0. */
function solved(rows: readonly Float64Array[]): number[] {
  const count = rows.length
  for (let at = 0; at < count; at += 1) {
    let best = at
    for (let row = at + 1; row < count; row += 1) if (Math.abs(rows[row]![at]!) > Math.abs(rows[best]![at]!)) best = row
    // Rows change places by their values, so that the caller's array may be read-only.
    if (best !== at) {
      const kept = rows[at]!.slice()
      rows[at]!.set(rows[best]!)
      rows[best]!.set(kept)
    }
    const pivot = rows[at]![at]!
    if (Math.abs(pivot) < 1e-12) {
      rows[at]!.fill(0)
      continue
    }
    for (let column = at; column <= count; column += 1) rows[at]![column]! /= pivot
    for (let row = 0; row < count; row += 1) {
      if (row === at) continue
      const times = rows[row]![at]!
      for (let column = at; column <= count; column += 1) rows[row]![column]! -= times * rows[at]![column]!
    }
  }
  return rows.map((row) => row[count]!)
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = Float64Array.from(values).sort()
  if (sorted.length === 0) return NaN
  const at = (sorted.length - 1) * part
  const low = Math.floor(at)
  const [below, above] = [sorted[low]!, sorted[Math.min(low + 1, sorted.length - 1)]!]
  return below + (above - below) * (at - low)
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)
