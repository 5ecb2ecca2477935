import { NetFault } from '../../../src/core/world.ts'
import type { Errand } from '../../../src/sim/workload.ts'
import { type Arm, ask, type Listening, type Spot, type Stage } from '../stage.ts'
import { type Heard, refused } from '../trip.ts'

/** How long a server is left alone that did not answer; nginx's `fail_timeout`. */
const restMs = 10_000

/** To each server in turn, and past those that do not answer, as nginx does. With one server: straight to it. */
export function inTurn(stage: Stage): (errand: Errand, listening?: Listening) => Promise<Heard> {
  const { homes, world } = stage
  const restsUntil = new Map<Spot, number>()
  let turn = 0
  return async (errand, listening) => {
    for (let tried = 0; tried < homes.length; tried += 1) {
      const awake = homes.filter((spot) => (restsUntil.get(spot) ?? 0) <= world.now())
      const among = awake.length > 0 ? awake : homes
      const spot = among[turn % among.length]!
      turn += 1
      try {
        return await ask(stage, spot, errand, listening)
      } catch (error) {
        if (!(error instanceof NetFault)) throw error
        if (error.kind !== 'aborted') restsUntil.set(spot, world.now() + restMs)
        if (!error.unsent) return { ...refused, ending: 'broken' }
      }
    }
    return refused
  }
}

export const direct: Arm = (stage) => inTurn(stage)
