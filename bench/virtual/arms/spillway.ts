import { backendOf } from '../../../src/backends/index.ts'
import { resolve } from '../../../src/config/settings.ts'
import { Fault } from '../../../src/core/fault.ts'
import { createGateway, type Gateway } from '../../../src/gateway.ts'
import { askFor } from '../../../src/sim/caller.ts'
import type { Wishes } from '../scenario.ts'
import { configFor } from '../settings.ts'
import type { Arm, Stage } from '../stage.ts'
import { listen, refused, saysToComeBack } from '../trip.ts'

interface Options {
  readonly onGateway?: (gateway: Gateway) => void
  /** Where the search for the right concurrency begins, in place of where it begins for a server of this kind. */
  readonly startsAt?: number
}

/** The production gateway in its default configuration. Callers say how patient they are, and nothing else is set. */
export const spillway =
  (wishes: Wishes = {}, { onGateway, startsAt: initialConcurrency }: Options = {}): Arm =>
  async (stage) => {
    const kinds = stage.scenario.fleet.map(({ kind }) => backendOf(kind)!)
    const backends = initialConcurrency === undefined ? [] : kinds.map((kind) => ({ ...kind, initialConcurrency }))
    const settings = resolve(configFor(stage.scenario, originIn(stage)), { backends })
    const gateway = createGateway(settings, { world: stage.world })
    await gateway.start()
    onGateway?.(gateway)
    const wished = { ...stage.scenario.wishes, ...wishes }
    return async (errand) => {
      const gone = new AbortController()
      let firstTokenAt: number | undefined
      try {
        const caller = { ...errand.caller, ...wished }
        const reply = await gateway.serve(askFor({ ...errand, caller }, gateway, gone.signal))
        const ending = await listen(reply.body, () => {
          firstTokenAt = stage.world.now()
        })
        return { ending, server: reply.upstream, firstTokenAt }
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        return saysToComeBack(error.status) ? refused : { ...refused, ending: 'broken' }
      }
    }
  }

export const originIn =
  ({ homes, cloud }: Stage) =>
  ({ server }: { server: { name: string } }): string =>
    [...homes, ...(cloud === undefined ? [] : [cloud])].find(({ name }) => name === server.name)!.origin
