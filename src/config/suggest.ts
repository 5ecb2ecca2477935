/** `did you mean "queue"? Known here: …` for a word that is nearly one of those known, else only what is known. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, far: distance(word.toLowerCase(), candidate) }))
    .toSorted((a, b) => a.far - b.far)[0]
  const list = `nown here: ${known.join(', ')}`
  if (near === undefined || near.far > Math.max(2, word.length / 3)) return `k${list}`
  return `did you mean "${near.candidate}"? K${list}`
}

/** Letters to change, add or leave out to come from one word to the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= to.length; j += 1) {
      const swap = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, swap))
    }
    row = next
  }
  return row[to.length]!
}
