import type { World } from '../core/world.ts'
import { type Chance, exponential, pick } from './chance.ts'
import type { SimServer } from './server.ts'

/** What befalls whole servers, each on its own. */
export interface Outages {
  /** Mean time between two, and how long one lasts on average. */
  readonly everyMs: number
  readonly forMs: number
  readonly kinds: readonly { readonly share: number; readonly of: Outage }[]
}

/** Down and refusing; taking requests and generating nothing; ten times as slow. */
export type Outage = 'crash' | 'freeze' | 'slow'

/** Lets trouble come and go at one server until it is told to stop, and leaves the server well. */
export async function trouble(
  server: SimServer,
  outages: Outages,
  parts: { world: Pick<World, 'sleep'>; chance: Chance; over: AbortSignal },
): Promise<void> {
  const { world, chance, over } = parts
  for (;;) {
    await world.sleep(exponential(chance, outages.everyMs), over)
    if (over.aborted) return
    const kind = pick(chance, outages.kinds)
    begin(server, kind)
    await world.sleep(exponential(chance, outages.forMs) + (kind === 'crash' ? server.spec.bootMs : 0), over)
    end(server, kind)
  }
}

function begin(server: SimServer, kind: Outage): void {
  if (kind === 'crash') server.crash()
  else if (kind === 'freeze') server.freeze()
  else server.slow(10)
}

function end(server: SimServer, kind: Outage): void {
  if (kind === 'crash') server.restart()
  else if (kind === 'freeze') server.thaw()
  else server.slow(1)
}
