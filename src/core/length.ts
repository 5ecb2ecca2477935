/** How long an answer is likely to be, in tokens: its logarithm spreads like a bell, and no more than `most` are allowed. */
export interface Length {
  /** Of the logarithm: its middle and its spread. */
  readonly mu: number
  readonly sigma: number
  readonly most: number
}

/** No tokens at all: vectors. */
export const noLength: Length = { mu: -Infinity, sigma: 0.1, most: 0 }

export const lengthOf = (median: number, sigma: number, most: number = Infinity): Length => ({
  mu: Math.log(median),
  sigma,
  most,
})

export const meanOf = (length: Length): number => leftAfter(length, 0)

/** Hardly any are longer: one in a hundred. */
export const longestOf = ({ mu, sigma, most }: Length): number => Math.min(most, Math.exp(mu + 2.33 * sigma))

/** How many are still to come, on average, of an answer that has so many and has not ended. */
export function leftAfter({ mu, sigma, most }: Length, said: number): number {
  if (said >= most) return 0
  const begun = said < 1 ? -Infinity : (Math.log(said) - mu) / sigma
  const going = 1 - normal(begun)
  // Longer than anything that was foreseen: it may well go on, in proportion to how long it is already.
  if (going < 0.002) return Math.min(most - said, (said * sigma) / begun)
  const cut = most === Infinity ? Infinity : (Math.log(most) - mu) / sigma
  const mean = Math.exp(mu + (sigma * sigma) / 2)
  const whole = mean * (normal(cut - sigma) - normal(begun - sigma))
  const cutShort = cut === Infinity ? 0 : most * (1 - normal(cut))
  return Math.min(most - said, Math.max(0, (whole + cutShort) / going - said))
}

/** Share of a bell below `z`, right to a thousandth. */
const normal = (z: number): number => 0.5 + 0.5 * Math.tanh(0.7988 * z * (1 + 0.04417 * z * z))
