import { priceOf } from '../accounts/prices.ts'
import type { Event } from '../core/event.ts'
import type { Gateway } from '../gateway.ts'
import { Recorder, type Tape } from '../recording/recorder.ts'
import { Reels } from '../recording/reels.ts'
import { factsOf } from '../recording/settings-row.ts'
import { version } from '../version.ts'

/** What of a gateway takes down what happens, so that it can be played again. */
export interface GatewayRecording {
  readonly counts: Reels['counts']
  readonly listen: (event: Event) => void
  close(): Promise<void>
}

/** Into files of this folder, as long as the settings want it. */
export function recordingOf(gateway: Gateway, folder: string): GatewayRecording {
  const { world, fleet, emit } = gateway
  const reels = new Reels({ folder, world, emit, bounds: () => gateway.settings.recording })
  const recorder = recorderOf(gateway, reels)
  const forget = fleet.watch(recorder.lookAgain)
  return {
    counts: reels.counts,
    listen: recorder.listen,
    close: () => {
      forget()
      return reels.close()
    },
  }
}

/** It knows models by the names that the fleet has for them, and servers by what was learned of them. */
export function recorderOf(gateway: Gateway, tape: Tape): Recorder {
  const { world, fleet } = gateway
  return new Recorder({
    world,
    tape,
    nameOf: (model) => fleet.serving(model)[0]?.modelFor(model)?.name,
    facts: () => {
      const { settings } = gateway
      const prices = settings.money?.prices ?? new Map()
      const parts = { settings, upstreams: fleet.upstreams, priceOf: (model: string) => priceOf(model, prices) }
      return factsOf({ spillway: version(), ...parts })
    },
  })
}
