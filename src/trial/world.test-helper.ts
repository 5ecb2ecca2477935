import { createGateway, type Gateway } from '../gateway.ts'
import { machine, settingsFor } from '../sim/fleet.ts'
import { SimServer } from '../sim/server.ts'
import type { ServerSpec } from '../sim/server-spec.ts'
import { usualWorkload } from '../sim/workload.ts'
import { SimWorld } from '../sim/world.ts'
import { aloneIn } from './tuning/alone.ts'

export const model = 'llama3.1:8b' as const

export interface Stage {
  readonly world: SimWorld
  readonly server: SimServer
  readonly gateway: Gateway
}

/** One simulated server and a gateway before it, which has looked at it. */
export async function staged(spec: ServerSpec, seed = 1): Promise<Stage> {
  const world = new SimWorld(seed)
  const one = machine(spec)
  const server = new SimServer(spec, world, seed)
  world.attach(`http://${spec.name}.sim`, server)
  const settings = settingsFor([one], { ...usualWorkload, callers: [] })
  const gateway = createGateway(aloneIn(settings, settings.upstreams[0]!, 64), { world })
  await world.run(gateway.start())
  return { world, server, gateway }
}
