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

/**
 * Down and refusing; down and up again and again; taking requests and generating nothing, with all models or with one; one
 * model gone from memory and not to be brought back; ten times as slow.
 */
export type Outage = 'crash' | 'flap' | 'freeze' | 'hang' | 'unloadable' | 'slow'

const flaps = 5
const flapMs = 700

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
    if (kind === 'flap') {
      for (let flap = 0; flap < flaps; flap += 1) {
        server.crash()
        await world.sleep(flapMs, over)
        server.restart()
        await world.sleep(flapMs, over)
      }
      continue
    }
    const { models, bootMs } = server.spec
    const isOfModel = kind === 'hang' || kind === 'unloadable'
    const { name } = models[isOfModel ? Math.floor(chance() * models.length) : 0]!
    begin(server, kind, name)
    await world.sleep(exponential(chance, outages.forMs) + (kind === 'crash' ? bootMs : 0), over)
    end(server, kind, name)
  }
}

type Lasting = Exclude<Outage, 'flap'>

function begin(server: SimServer, kind: Lasting, model: string): void {
  if (kind === 'crash') server.crash()
  else if (kind === 'slow') server.slow(10)
  else if (kind === 'unloadable') server.setLoadable(model, false)
  else server.freeze(kind === 'hang' ? model : undefined)
}

function end(server: SimServer, kind: Lasting, model: string): void {
  if (kind === 'crash') server.restart()
  else if (kind === 'slow') server.slow(1)
  else if (kind === 'unloadable') server.setLoadable(model, true)
  else server.thaw(kind === 'hang' ? model : undefined)
}
