import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * Does something that is measured by the clock, and tells how late this process was at it, one turn in a hundred: what is later than
 * usual on a machine that has something else to do is the machine.
 */
export async function watchingLateness<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly lateMs: number }> {
  const delays = monitorEventLoopDelay({ resolution: 5 })
  delays.enable()
  const result = await work()
  delays.disable()
  return { result, lateMs: delays.percentile(99) / 1e6 }
}

export const tooLate = (lateMs: number): string =>
  `this machine had something else to do: one turn in a hundred was ${Math.round(lateMs)} ms late, and so are these figures`

/** A pause that long shows in figures of milliseconds. */
export const lateMostMs = 25
