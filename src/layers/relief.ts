import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import type { Pressure } from '../core/pressure.ts'
import type { Layer } from '../core/serve.ts'
import { spread } from '../core/spread.ts'
import type { World } from '../core/world.ts'

interface ReliefParts {
  readonly world: Pick<World, 'random'>
  readonly pressure: Pressure
  /** Whether servers that cost nothing have its model. */
  readonly isServedAtHome: (ask: Ask) => boolean
}

/** When work that can wait is worth another try. */
const backMs = 10_000

/**
 * What is given up first when the process runs short: work that can wait, and the requests that only came on top because a
 * costlier server would have taken them. And whoever is told to come back, without a promise, is told his own time.
 */
export const relief =
  ({ world, pressure, isServedAtHome }: ReliefParts): Layer =>
  (next) =>
  async (ask) => {
    try {
      if (!pressure.isSparing) return await next(ask)
      if (ask.priority === 'batch') throw new Fault('overloaded', tooMuch, { retryAfterMs: backMs })
      const stays = ask.cloud === 'allowed' && isServedAtHome(ask)
      return await next(stays ? { ...ask, cloud: 'never' } : ask)
    } catch (error) {
      throw error instanceof Fault ? spread(error, world) : error
    }
  }

const tooMuch = 'This gateway is short of memory or time, and work of the class batch can wait. Try again later.'
