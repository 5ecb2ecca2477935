/** How many at once are tried, one after the other: each step half as much again, or a third. */
export function* ladder(max: number): Generator<number> {
  for (let step = 1; step < max; step = nextAfter(step)) yield step
  yield max
}

/** 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, … */
function nextAfter(step: number): number {
  if (step < 4) return step + 1
  const power = 2 ** Math.floor(Math.log2(step))
  return step === power ? step + power / 2 : 2 * power
}

/** What lies in the middle between two steps; undefined where they are so near that it makes no difference. */
export function between(low: number, high: number): number | undefined {
  return high - low > Math.max(1, low / 8) ? Math.floor((low + high) / 2) : undefined
}
