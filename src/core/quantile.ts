/** The value below which that share of them lies, between two of them in proportion: 0.5 is the middle. NaN where there are none. */
export const quantile = (values: readonly number[], share: number): number =>
  quantileOfSorted(
    values.toSorted((one, other) => one - other),
    share,
  )

/** Spares the sorting where it is done, and more than one is wanted. */
export function quantileOfSorted(sorted: readonly number[], share: number): number {
  const at = Math.min(1, Math.max(0, share)) * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN]
  // Between two that are the same there is no other, even where they are infinite.
  return below === above ? below : below + (above - below) * (at - Math.floor(at))
}
