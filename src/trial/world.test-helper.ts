import { createGateway, type Gateway } from '../gateway.ts'
import { machine, type Machine, settingsFor } from '../sim/fleet.ts'
import { SimServer } from '../sim/server.ts'
import type { ServerSpec } from '../sim/server-spec.ts'
import { usualWorkload } from '../sim/workload.ts'
import { SimWorld } from '../sim/world.ts'

export const model = 'llama3.1:8b' as const

export interface Stage {
  readonly world: SimWorld
  readonly server: SimServer
  readonly gateway: Gateway
}

/** One simulated server and a gateway before it, which has looked at it. */
export async function staged(spec: ServerSpec, options: Partial<Machine> = {}, seed = 1): Promise<Stage> {
  const world = new SimWorld(seed)
  const one = machine(spec, { concurrency: 64, ...options })
  const server = new SimServer(spec, world, seed)
  world.attach(`http://${spec.name}.sim`, server)
  const settings = settingsFor([one], { ...usualWorkload, callers: [] })
  const gateway = createGateway(settings, { world })
  await world.run(gateway.start())
  return { world, server, gateway }
}
