/** Whether one version comes before another: by its numbers, and a part that is missing is none. */
export function isBelow(version: string, other: string): boolean {
  const [mine, theirs] = [numbersIn(version), numbersIn(other)]
  for (let at = 0; at < Math.max(mine.length, theirs.length); at += 1) {
    const [one = 0, two = 0] = [mine[at], theirs[at]]
    if (one !== two) return one < two
  }
  return false
}

const numbersIn = (version: string): readonly number[] =>
  (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number)
