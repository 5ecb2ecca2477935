/** A stream of chance: each call gives a number of at least 0 and below 1. */
export type Chance = () => number

/** The same seed and purpose give the same numbers, whatever other purposes draw meanwhile. */
export function chanceOf(seed: number, purpose: string): Chance {
  return mulberry32(hash32(`${seed} ${purpose}`))
}

/** Small, seedable, and good enough for arrivals and faults. */
function mulberry32(start: number): Chance {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/** FNV-1a, with a last stir so that strings which differ only at their end land far apart. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** The gap to the next of events that come at random, so many apart on average. */
export const exponential = (chance: Chance, mean: number): number => -Math.log(1 - chance()) * mean

/** Log-normal with the given mean; `sigma` is the spread of its logarithm. */
export function logNormal(chance: Chance, mean: number, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance())
  return mean * Math.exp(sigma * normal - (sigma * sigma) / 2)
}

/** Log-normal around a middle: half of them are below it. Without a spread nothing is drawn. */
export const spreadAround = (middle: number, sigma: number, chance: Chance): number =>
  sigma === 0 ? middle : logNormal(chance, middle * Math.exp((sigma * sigma) / 2), sigma)

/** How many tries until something with this chance happens, the one at which it does not counted; Infinity for never. */
export function triesUntil(chance: Chance, probability: number): number {
  if (probability <= 0) return Infinity
  return Math.floor(Math.log(1 - chance()) / Math.log(1 - Math.min(probability, 0.999_999)))
}

/** One of several, by weight. */
export function pick<T>(chance: Chance, choices: readonly { readonly share: number; readonly of: T }[]): T {
  const whole = choices.reduce((sum, { share }) => sum + share, 0)
  let left = chance() * whole
  for (const { share, of } of choices) {
    left -= share
    if (left < 0) return of
  }
  return choices.at(-1)!.of
}
