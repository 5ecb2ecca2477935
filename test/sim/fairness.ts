import { machine, type Machine } from '../../src/sim/fleet.ts'
import { simulate } from '../../src/sim/run.ts'
import { llamacppLike, vllmLike } from '../../src/sim/server-spec.ts'
import { poisson, type SimCaller, usualWorkload, type Workload } from '../../src/sim/workload.ts'

/** How long a modest caller waits, in milliseconds: with the machine to himself, and beside one who asks a hundred times as often. */
export interface Waits {
  readonly solo: readonly number[]
  readonly crowded: readonly number[]
}

const caller = (name: string, more: Partial<SimCaller> = {}): SimCaller => ({
  name,
  weight: 1,
  priority: 'default',
  cloud: 'allowed',
  patienceMs: 60_000,
  ...more,
})

/** So many at once, as an agent does: alone he waits for his own, and that is what his wait is held against. */
const bunch = 12
const modest = caller('modest', { bunch })
const greedy = caller('greedy')

/** As long as it takes, more or less, to fill the machine with three bunches. */
const betweenBunchesSeconds = 40

/** Counted from here on. */
const learningMs = 20_000

const plain: Workload = { ...usualWorkload, hangUps: 0, tools: 0, json: 0, limited: 0, streamed: 1 }

const machines: Readonly<Record<string, () => Machine>> = {
  'four slots': () => machine(llamacppLike()),
  'a large batch': () => machine(vllmLike({ engine: { slots: 8 } }), { concurrency: 8 }),
}

export const machineNames: readonly string[] = Object.keys(machines)

const often = (every: number, of: SimCaller): Workload => ({
  ...plain,
  arrivals: poisson(1 / every),
  callers: [{ share: 1, of }],
})

async function waitsOf(seed: number, name: string, bunches: number, times: number): Promise<number[]> {
  const waits: number[] = []
  const workload = often(betweenBunchesSeconds, modest)
  await simulate({
    seed,
    grain: 'coarse',
    requests: bunches * bunch,
    fleet: [machines[name]!()],
    workload: times === 0 ? workload : { ...workload, beside: often(betweenBunchesSeconds / (bunch * times), greedy) },
    script: ({ gateway, world }) => {
      const beganAt = world.now()
      gateway.subscribe((event) => {
        if (event.type !== 'ask-settled' || event.ask.caller.id !== modest.name) return
        // Until the machine is known nobody can say what an ask costs.
        if (event.ask.arrivedAt < beganAt + learningMs) return
        waits.push(event.outcome.fault === undefined ? event.outcome.waitMs : Infinity)
      })
      return Promise.resolve()
    },
  })
  return waits
}

export async function fairness(seeds: readonly number[], name: string, bunches: number): Promise<Waits> {
  const solo: number[] = []
  const crowded: number[] = []
  for (const seed of seeds) {
    solo.push(...(await waitsOf(seed, name, bunches, 0)))
    crowded.push(...(await waitsOf(seed, name, bunches, 100)))
  }
  return { solo, crowded }
}

export const at = (share: number, values: readonly number[]): number =>
  Float64Array.from(values).sort()[Math.floor(values.length * share)]!
