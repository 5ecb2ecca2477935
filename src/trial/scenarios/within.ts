import type { World } from '../../core/world.ts'
import type { Target } from '../target.ts'
import { alarmAfter, until } from './until.ts'

/** The same target, whose callers leave after so long: a server that hangs must not keep a measurement for ever. */
export const within = (world: World, target: Target, ms: number): Target => ({
  async ask(question, signal) {
    const alarm = alarmAfter(world, ms)
    try {
      return await until(target, alarm.signal).ask(question, signal)
    } finally {
      alarm.end()
    }
  },
})
