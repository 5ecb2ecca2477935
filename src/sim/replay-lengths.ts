import type { RequestRow } from '../recording/rows.ts'
import type { Chance } from './chance.ts'

/** Where no answer was ever heard to its end. */
const unknownTokens = 200

/** How long answers usually are: of a caller and a model, else of the model, else of all. */
export class Lengths {
  readonly #known = new Map<string, number[]>()

  constructor(requests: readonly RequestRow[]) {
    for (const row of requests) {
      if (row.fault !== undefined || row.output_tokens === 0) continue
      for (const key of keysOf(row)) {
        const known = this.#known.get(key)
        if (known === undefined) this.#known.set(key, [row.output_tokens])
        else known.push(row.output_tokens)
      }
    }
    for (const known of this.#known.values()) known.sort((one, other) => one - other)
  }

  /** Of one that was cut short: as long as one of those that became longer than what was said of it. */
  draw(row: RequestRow, chance: Chance): number {
    const drawn = chance()
    for (const key of keysOf(row)) {
      const known = this.#known.get(key)
      if (known === undefined || known.at(-1)! <= row.output_tokens) continue
      const from = firstAbove(known, row.output_tokens)
      return known[from + Math.floor(drawn * (known.length - from))]!
    }
    return Math.max(row.output_tokens, unknownTokens)
  }
}

const keysOf = ({ caller, model }: RequestRow): readonly string[] => [`of ${caller} ${model}`, `by ${model}`, 'all']

function firstAbove(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! > value) high = middle
    else low = middle + 1
  }
  return low
}
