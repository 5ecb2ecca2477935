import type { Redrawn } from './redrawn.ts'

/** As a shell calls an end by Ctrl-C. */
export const interrupted = 130

/** Does what Ctrl-C ends early, and what is known by then is told. Whoever asks twice does not want to wait. */
export async function untilInterrupted(line: Redrawn, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController()
  const onInterrupt = (): void => {
    if (stop.signal.aborted) process.exit(interrupted)
    stop.abort()
    line.clear()
  }
  process.on('SIGINT', onInterrupt)
  try {
    await work(stop.signal)
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}
