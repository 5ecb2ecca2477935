import { armOf } from './arms/index.ts'
import { capacityOf } from './capacity.ts'
import { drive, type History } from './drive.ts'
import { countedTrips, measure, type Measures } from './measures.ts'
import type { Row } from './report.ts'
import type { Scenario } from './scenario.ts'
import type { Trip } from './trip.ts'

/** One scenario, all arms, all seeds. */
export interface Played {
  readonly scenario: Scenario
  /** How much of its work one server gets done in a millisecond when it is never idle. */
  readonly capacity: number
  readonly rows: readonly Row[]
}

export type PlayOnce = (scenario: Scenario, arm: string, seed: number) => Promise<History>

export const inVirtualTime: PlayOnce = (scenario, arm, seed) => drive(scenario, armOf(arm), seed)

/** Plays scenarios one after the other. Those that look at parts of one history share it. */
export class Player {
  readonly #once: PlayOnce
  readonly #say: (doing: string) => void
  /** Of the run that is being looked at. */
  readonly #histories = new Map<string, Promise<History>>()
  #run: string | undefined

  constructor(once: PlayOnce = inVirtualTime, say: (doing: string) => void = () => {}) {
    this.#once = once
    this.#say = say
  }

  async play(
    scenario: Scenario,
    arms: readonly string[],
    [first, last]: readonly [first: number, last: number],
  ): Promise<Played> {
    const capacity = await capacityOf(scenario)
    const rows: Row[] = []
    for (const arm of arms) {
      const seeds: Measures[] = []
      const trips: Trip[] = []
      // Of what is recorded all seeds are nearly the same history.
      for (let seed = first; seed <= (scenario.recorded === true ? first : last); seed += 1) {
        this.#say(`${scenario.name}, ${arm}, seed ${seed}`)
        const history = await this.#history(scenario, arm, seed)
        seeds.push(measure(history, capacity))
        trips.push(...countedTrips(history))
      }
      rows.push({ arm, seeds, trips })
    }
    return { scenario, capacity, rows }
  }

  #history(scenario: Scenario, arm: string, seed: number): Promise<History> {
    const { run, lengthMs } = scenario
    if (run === undefined) return this.#once(scenario, arm, seed)
    if (run !== this.#run) this.#histories.clear()
    this.#run = run
    const key = `${arm} ${seed} ${lengthMs}`
    const known = this.#histories.get(key) ?? this.#once(scenario, arm, seed)
    this.#histories.set(key, known)
    return known.then((one) => ({ ...one, scenario }))
  }
}
