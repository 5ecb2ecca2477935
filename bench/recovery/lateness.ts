import { monitorEventLoopDelay } from 'node:perf_hooks'

/** A turn that comes later than that shows in figures of milliseconds. */
const lateMostMs = 25
/** One that long, and who was under way then waited for the machine. */
const standstillMs = 1_000

interface Bounds {
  /** By the clock of what is measured. */
  readonly mostMs?: number
  /** How many times faster that goes. */
  readonly speed?: number
}

/**
 * Does something that is measured by the clock, and tells where the figures are those of a machine that had something else to do: by
 * how late this process was at it one turn in a hundred, and by whether it ever stood still.
 */
export async function watchingLateness<T>(
  work: () => Promise<T>,
  { mostMs = lateMostMs, speed = 1 }: Bounds = {},
): Promise<{ readonly result: T; readonly tooLate: string | undefined }> {
  const delays = monitorEventLoopDelay({ resolution: 5 })
  delays.enable()
  const result = await work()
  delays.disable()
  const lateMs = (delays.percentile(99) / 1e6) * speed
  const longestMs = delays.max / 1e6
  const how =
    lateMs >= mostMs
      ? `one turn in a hundred was ${Math.round(lateMs)} ms late`
      : longestMs >= standstillMs
        ? `it stood still for ${(longestMs / 1_000).toFixed(1)} s`
        : undefined
  return { result, tooLate: how && `this machine had something else to do: ${how}, and these figures are no better` }
}
