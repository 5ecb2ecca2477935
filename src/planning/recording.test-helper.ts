import { priceOf } from '../accounts/prices.ts'
import type { Gateway } from '../gateway.ts'
import { Recorder } from '../recording/recorder.ts'
import { factsOf } from '../recording/settings-row.ts'
import type { Machine } from '../sim/fleet.ts'
import { simulate } from '../sim/run.ts'
import type { Simulation } from '../sim/simulation.ts'

/** A morning on which all recordings here begin. */
export const recordedAt: number = Date.UTC(2026, 10, 20, 9)

/** What the gateway of a simulated history took down of it, as the text of a file. */
export async function recorded(simulation: Simulation & { readonly fleet: readonly Machine[] }): Promise<string> {
  const lines: string[] = []
  await simulate({
    startsAt: recordedAt,
    ...simulation,
    script: async (stage) => {
      recordInto(lines, stage.gateway)
      await simulation.script?.(stage)
    },
  })
  return lines.join('')
}

function recordInto(lines: string[], gateway: Gateway): void {
  const { fleet, world, settings } = gateway
  const recorder = new Recorder({
    world,
    tape: { file: () => 1, write: (line) => void lines.push(line) },
    nameOf: (model) => fleet.serving(model)[0]?.modelFor(model)?.name,
    facts: () => {
      const prices = settings.money?.prices ?? new Map()
      return factsOf({
        spillway: 'test',
        settings,
        upstreams: fleet.upstreams,
        priceOf: (model) => priceOf(model, prices),
      })
    },
  })
  fleet.watch(recorder.lookAgain)
  gateway.subscribe(recorder.listen)
}
