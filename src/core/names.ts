/** A name that ends in `*` stands for all that begin so: `claude-*`. */
export const isPattern = (name: string): boolean => name.endsWith('*')

/**
 * What is known under a name: as it is spelled, else in small letters, else under the longest pattern that it begins like.
 */
export function bySpelling<T>(known: ReadonlyMap<string, T>, name: string): T | undefined {
  return known.get(name) ?? known.get(name.toLowerCase()) ?? byPattern(known, name.toLowerCase())
}

function byPattern<T>(known: ReadonlyMap<string, T>, name: string): T | undefined {
  let best: string | undefined
  for (const pattern of known.keys()) {
    if (!isPattern(pattern) || !name.startsWith(pattern.slice(0, -1).toLowerCase())) continue
    if (best === undefined || pattern.length > best.length) best = pattern
  }
  return best === undefined ? undefined : known.get(best)
}

/** Whether a list of names, or of patterns, has this one; no list has all. */
export function hasName(names: ReadonlySet<string> | undefined, name: string): boolean {
  if (names === undefined || names.has(name)) return true
  for (const pattern of names) if (isPattern(pattern) && name.startsWith(pattern.slice(0, -1))) return true
  return false
}
