import type { FaultKind } from '../../core/fault.ts'
import type { World } from '../../core/world.ts'
import type { Target } from '../target.ts'
import { alarmAfter, until } from './until.ts'

const slow: FaultKind = 'upstream-slow'

/** The same target, whose callers leave after so long: a server that hangs must not keep a measurement for ever. */
export const within = (world: World, target: Target, ms: number): Target => ({
  async ask(question, signal) {
    const alarm = alarmAfter(world, ms)
    try {
      const sample = await until(target, alarm.signal).ask(question, signal)
      if (!alarm.signal.aborted || sample.fault !== 'cancelled') return sample
      return { ...sample, fault: slow, complaint: `It was not done after ${ms / 1_000} s.` }
    } finally {
      alarm.end()
    }
  },
})
