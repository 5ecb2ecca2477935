/**
 * How fast this machine is, looked at before each turn: the same work, again and again. Others on the same iron make it faster and
 * slower for minutes together, of which the few windows of one arm see nothing.
 */
export class Pace {
  readonly #tookMs: number[] = []

  look(): void {
    const all = Array.from({ length: 3 }, () => {
      const startedAt = performance.now()
      sink = spin(sink)
      return performance.now() - startedAt
    })
    this.#tookMs.push(upwards(all)[1]!)
  }

  /** Half of what lies between the quarters of it, as a share: so far a figure may be from what it is at another time. */
  get strays(): number {
    return straysOf(this.#tookMs)
  }
}

export function straysOf(times: readonly number[]): number {
  if (times.length < 4) return 0
  const sorted = upwards(times)
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!
  return (at(0.75) - at(0.25)) / 2 / at(0.5)
}

const turns = 3_000_000
let sink = 1

/** Work that no compiler can leave out. */
function spin(from: number): number {
  let value = from
  for (let turn = 0; turn < turns; turn += 1) value = (Math.imul(value, 1_664_525) + 1_013_904_223) | 0
  return value
}

const upwards = (times: readonly number[]): number[] => times.toSorted((one, other) => one - other)
