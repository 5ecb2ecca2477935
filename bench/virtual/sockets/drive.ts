import type { World } from '../../../src/core/world.ts'
import { realWorld } from '../../../src/http/world.ts'
import { type Chance, chanceOf } from '../../../src/sim/chance.ts'
import { SimServer } from '../../../src/sim/server.ts'
import { listen } from '../../../src/sim/sockets.ts'
import { type History, stageFor, suffer, travel } from '../drive.ts'
import type { Scenario } from '../scenario.ts'
import type { Stage } from '../stage.ts'
import type { Visit } from '../trip.ts'
import { pacedClock } from './paced.ts'

/** An arm on sockets: what it starts, it ends. */
export type SocketArm = (
  stage: Stage,
  speed: number,
) => Promise<{ readonly visit: Visit; readonly close: () => Promise<void> }>

/**
 * Plays the same scenario on this machine's network: simulated servers behind sockets, and in front of them the real thing.
 * Everybody's time passes `speed` times faster, so that all that is measured and all that is set stays as it was.
 */
export async function driveOnSockets(
  scenario: Scenario,
  arm: SocketArm,
  { seed, speed }: { readonly seed: number; readonly speed: number },
): Promise<History> {
  const clock = pacedClock(speed)
  const servers = scenario.fleet.map((machine) => new SimServer(machine.server, clock, seed))
  const doors = await Promise.all(servers.map((server) => listen(server)))
  const world = fastWorld(speed)
  const stage = stageFor(
    scenario,
    world,
    doors.map(({ origin }) => origin),
  )
  const { visit, close } = await arm(stage, speed)
  const chanceFor = (purpose: string): Chance => chanceOf(seed, purpose)
  for (const outage of scenario.outages ?? []) void suffer(servers, outage, world)
  try {
    return { scenario, trips: await travel(stage, visit, chanceFor), servers }
  } finally {
    await close()
    await world.close()
    await Promise.all(doors.map((door) => door.close()))
  }
}

/** This machine's network, and a clock that runs faster. */
export function fastWorld(speed: number): World & { close(): Promise<void> } {
  const world = realWorld()
  return {
    ...world,
    now: () => world.now() * speed,
    sleep: (ms, signal) => world.sleep(ms / speed, signal),
  }
}
