/** Who is refused as it comes has been there for less than a millisecond or two; whoever was there for longer stood in line. */
const atOnceMs = 5
/** A log that is written faster than it is read leaves lines out. Who has none, and was told so late, may have stood in line. */
const surelyAtOnceMs = 500

/** How soon those were told who were refused. Who was let in line first, and had to leave it for others, is not told late for that. */
export class Refusals {
  readonly #tookMs = new Map<string, number>()
  #ids = 0

  nextId(): string {
    this.#ids += 1
    return `try-${this.#ids}`
  }

  told(id: string, tookMs: number): void {
    this.#tookMs.set(id, tookMs)
  }

  /** In the order in which they were told; by how long each had been in between, as that says itself; without it nobody stood in line there. */
  times(waitsMs: ReadonlyMap<string, number> = new Map()): {
    readonly refusedMs: readonly number[]
    /** Of those who were refused as they came: what of it passed inside. */
    readonly insideMs: readonly number[]
  } {
    const refusedMs: number[] = []
    const insideMs: number[] = []
    for (const [id, tookMs] of this.#tookMs) {
      const insideFor = waitsMs.get(id)
      if (insideFor === undefined) {
        if (tookMs < surelyAtOnceMs) refusedMs.push(tookMs)
      } else if (insideFor > atOnceMs) refusedMs.push(tookMs - insideFor)
      else {
        refusedMs.push(tookMs)
        insideMs.push(insideFor)
      }
    }
    return { refusedMs, insideMs }
  }
}

/** What a log of JSON tells of requests that were refused: how long they had been there, by their ids. */
export function waitsIn(log: string): ReadonlyMap<string, number> {
  const waitsMs = new Map<string, number>()
  for (const line of log.split('\n')) {
    if (!line.includes('"ask-settled"') || !line.endsWith('}')) continue
    const { id, status, wait_ms: waitMs } = JSON.parse(line) as Record<string, unknown>
    if (status !== 200 && typeof id === 'string' && typeof waitMs === 'number') waitsMs.set(id, waitMs)
  }
  return waitsMs
}
