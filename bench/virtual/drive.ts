import { backendOf } from '../../src/backends/index.ts'
import { type Machine, originOf } from '../../src/sim/fleet.ts'
import { SimServer } from '../../src/sim/server.ts'
import { errandsOf } from '../../src/sim/workload.ts'
import { SimWorld } from '../../src/sim/world.ts'
import type { Scenario } from './scenario.ts'
import type { Arm, Spot, Stage } from './stage.ts'
import type { Trip } from './trip.ts'

/** One arm's history from one seed. */
export interface History {
  readonly scenario: Scenario
  readonly trips: readonly Trip[]
  readonly servers: readonly SimServer[]
}

export const isCloud = ({ kind }: Machine): boolean => (backendOf(kind)?.tier ?? 0) > 0

/** Nobody is waited for longer than this after the last request was made. */
const patienceMs = 24 * 3_600_000

/** Plays a scenario in virtual time. */
export async function drive(scenario: Scenario, arm: Arm, seed: number): Promise<History> {
  const world = new SimWorld(seed)
  const servers = scenario.fleet.map((machine) => {
    const server = new SimServer(machine.server, world, seed)
    world.attach(originOf(machine), server)
    return server
  })
  const spots = scenario.fleet.map((machine): readonly [Machine, Spot] => {
    const { name, key } = machine.server
    return [machine, { name, key, origin: originOf(machine), serve: machine.serve }]
  })
  const stage: Stage = {
    scenario,
    world,
    homes: spots.filter(([machine]) => !isCloud(machine)).map(([, spot]) => spot),
    cloud: spots.find(([machine]) => isCloud(machine))?.[1],
  }
  const visit = await world.run(Promise.resolve(arm(stage)))
  const beganAt = world.now()
  for (const outage of scenario.outages ?? []) void suffer(servers, outage, world)

  const trips: Promise<Trip>[] = []
  const errands = errandsOf(scenario.workload, Infinity, (purpose) => world.chance(purpose))
  const setOut = async (): Promise<void> => {
    for (const errand of errands) {
      if (errand.atMs > scenario.lengthMs) return
      const at = beganAt + errand.atMs
      if (at > world.now()) await world.sleep(at - world.now())
      const { atMs, words: outputTokens, model } = errand
      const promptTokens = Math.ceil((errand.preamble.length + errand.question.length + 1) / 4)
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
  }
  await world.run(setOut())
  return { scenario, trips: await world.run(Promise.all(trips), world.now() + patienceMs), servers }
}

async function suffer(
  servers: readonly SimServer[],
  { server: name, fromMs, toMs }: NonNullable<Scenario['outages']>[number],
  world: SimWorld,
): Promise<void> {
  const server = servers.find(({ spec }) => spec.name === name)!
  await world.sleep(fromMs)
  server.crash()
  await world.sleep(toMs - fromMs)
  server.restart()
}
