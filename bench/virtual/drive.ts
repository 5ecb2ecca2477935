import { backendOf } from '../../src/backends/index.ts'
import type { World } from '../../src/core/world.ts'
import type { Chance } from '../../src/sim/chance.ts'
import { type Machine, originOf } from '../../src/sim/fleet.ts'
import { tokensIn } from '../../src/sim/prefixes.ts'
import { SimServer } from '../../src/sim/server.ts'
import { errandsOf } from '../../src/sim/workload.ts'
import { SimWorld } from '../../src/sim/world.ts'
import type { Scenario } from './scenario.ts'
import type { Arm, Spot, Stage } from './stage.ts'
import type { Trip, Visit } from './trip.ts'

/** One arm's history from one seed. */
export interface History {
  readonly scenario: Scenario
  readonly trips: readonly Trip[]
  readonly servers: readonly SimServer[]
}

export const isCloud = ({ kind }: Machine): boolean => (backendOf(kind)?.tier ?? 0) > 0

/** Nobody is waited for longer than this after the last request was made. */
const lastMs = 24 * 3_600_000

/** Plays a scenario in virtual time. */
export async function drive(scenario: Scenario, arm: Arm, seed: number): Promise<History> {
  const world = new SimWorld(seed)
  const servers = scenario.fleet.map((machine) => {
    const server = new SimServer(machine.server, world, seed)
    world.attach(originOf(machine), server)
    return server
  })
  const stage = stageFor(scenario, world, scenario.fleet.map(originOf))
  const visit = await world.run(Promise.resolve(arm(stage)))
  const chanceFor = (purpose: string): Chance => world.chance(purpose)
  for (const outage of scenario.outages ?? []) void suffer(servers, outage, world)
  const trips = await world.run(travel(stage, visit, chanceFor), scenario.lengthMs + lastMs)
  return { scenario, trips, servers }
}

/** @param origins of the servers of the fleet, in its order. */
export function stageFor(scenario: Scenario, world: World, origins: readonly string[]): Stage {
  const spots = scenario.fleet.map((machine, number): readonly [Machine, Spot] => {
    const { name, key } = machine.server
    const headers = key === undefined ? [] : [['authorization', `Bearer ${key}`] as const]
    return [machine, { name, origin: origins[number]!, serve: machine.serve, headers: () => headers }]
  })
  return {
    scenario,
    world,
    homes: spots.filter(([machine]) => !isCloud(machine)).map(([, spot]) => spot),
    cloud: spots.find(([machine]) => isCloud(machine))?.[1],
  }
}

/** Sends everybody on their way, each at its time, and waits for all of them. */
export async function travel(
  { scenario, world }: Stage,
  visit: Visit,
  chanceFor: (purpose: string) => Chance,
): Promise<Trip[]> {
  const beganAt = world.now()
  const trips: Promise<Trip>[] = []
  for (const errand of errandsOf(scenario.workload, Infinity, chanceFor)) {
    const { atMs, words: outputTokens, model } = errand
    if (atMs > scenario.lengthMs) break
    const at = beganAt + atMs
    if (at > world.now()) await world.sleep(at - world.now())
    const promptTokens = tokensIn(`${errand.preamble} ${errand.question}`)
    trips.push(
      visit(errand).then(({ ending, server, firstTokenAt }) => ({
        atMs,
        promptTokens,
        outputTokens,
        model,
        ending,
        server,
        firstTokenMs: firstTokenAt === undefined ? undefined : firstTokenAt - at,
        totalMs: world.now() - at,
      })),
    )
  }
  return Promise.all(trips)
}

export async function suffer(
  servers: readonly SimServer[],
  { server: name, fromMs, toMs }: NonNullable<Scenario['outages']>[number],
  world: Pick<World, 'sleep'>,
): Promise<void> {
  const server = servers.find(({ spec }) => spec.name === name)!
  await world.sleep(fromMs)
  server.crash()
  await world.sleep(toMs - fromMs)
  server.restart()
}
