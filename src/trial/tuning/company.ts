import type { Gauge } from '../../core/backend.ts'
import type { World } from '../../core/world.ts'
import { quantile } from '../../core/quantile.ts'

/** What a server says of itself while it is being measured. */
export interface Seen {
  /** Requests of others that it had in hand, most of the time; undefined where it does not tell. */
  readonly others: number | undefined
  /** How full its memory for contexts was at most, from 0 to 1; undefined where it does not tell. */
  readonly memory: number | undefined
}

export interface CompanyParts {
  readonly world: World
  /** Asks the server how busy it is; undefined where it does not tell. */
  readonly look: (() => Promise<Gauge | undefined>) | undefined
  /** How many requests of our own are under way there. */
  readonly ours: () => number
}

const lookEveryMs = 500

/** Who else is served by a server while it is being measured, by its own word. */
export class Company {
  readonly #parts: CompanyParts

  constructor(parts: CompanyParts) {
    this.#parts = parts
  }

  /** At this moment. */
  async now(): Promise<Seen> {
    return seenIn([await this.#look()])
  }

  /** Looks again and again until it is over. */
  async watch(over: AbortSignal): Promise<Seen> {
    const { world, look } = this.#parts
    const looks: Seen[] = []
    if (look === undefined) return seenIn(looks)
    for (;;) {
      await world.sleep(lookEveryMs, over)
      if (over.aborted) return seenIn(looks)
      looks.push(await this.#look())
    }
  }

  async #look(): Promise<Seen> {
    const { look, ours } = this.#parts
    const before = ours()
    // One that is too busy to say so is not broken for that.
    const gauge = await look?.().catch(() => undefined)
    if (gauge === undefined) return { others: undefined, memory: undefined }
    // What came or went meanwhile may be in its numbers or not: it is not taken for somebody else's.
    const others = Math.max(0, gauge.running + gauge.waiting - Math.max(before, ours()))
    return { others, memory: gauge.memory }
  }
}

const seenIn = (looks: readonly Seen[]): Seen => {
  const others = looks.flatMap((look) => look.others ?? [])
  const memories = looks.flatMap(({ memory }) => memory ?? [])
  return {
    // One that has just ended may still be counted there: what is seen once is nobody.
    others: others.length === 0 ? undefined : Math.floor(quantile(others, 0.5)),
    memory: memories.length === 0 ? undefined : Math.max(...memories),
  }
}
