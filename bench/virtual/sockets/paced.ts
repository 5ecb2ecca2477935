import { Agenda, type Entry } from '../../../src/sim/agenda.ts'
import type { Clock } from '../../../src/sim/labor.ts'

/**
 * Time that passes a number of times faster, for the simulated servers behind sockets. A timer of Node comes a millisecond
 * late, which is most of a step there: so what is to happen happens when it can, and then it is as late as it was meant to
 * be. No delay adds to the next, and over many steps a server is as fast as its numbers say.
 */
export function pacedClock(speed: number): Clock {
  const agenda = new Agenda<Entry & { wake(): void }>()
  /** The instant that is being lived through, a little in the past. */
  let instant: number | undefined
  let timer: NodeJS.Timeout | undefined
  let timerAt = Infinity
  const passed = (): number => performance.now() * speed

  const pump = async (): Promise<void> => {
    timer = undefined
    timerAt = Infinity
    // From within a promise's turn, the next tick comes when no other promise has anything left to do.
    await Promise.resolve()
    for (let next = agenda.peek(); next !== undefined && next.at <= passed(); next = agenda.peek()) {
      instant = next.at
      while (agenda.peek()?.at === instant) agenda.take()!.wake()
      // Whatever they set off belongs to this instant.
      await new Promise<void>((resolve) => process.nextTick(resolve))
    }
    instant = undefined
    arm()
  }

  const arm = (): void => {
    const next = agenda.peek()
    if (next === undefined || instant !== undefined || next.at >= timerAt) return
    clearTimeout(timer)
    timerAt = next.at
    timer = setTimeout(() => void pump(), Math.max(0, (next.at - passed()) / speed))
  }

  return {
    now: () => instant ?? passed(),
    epochMs: () => Date.now(),
    sleep(ms, signal) {
      if (signal?.aborted === true) return Promise.resolve()
      return new Promise((resolve) => {
        const onAbort = (): void => {
          entry.off = true
          resolve()
        }
        const wake = (): void => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        }
        const entry = { at: 0, order: 0, off: false, wake }
        agenda.add((instant ?? passed()) + Math.max(ms, 0), entry)
        signal?.addEventListener('abort', onAbort, { once: true })
        arm()
      })
    },
  }
}
