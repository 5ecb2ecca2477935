import type { World } from '../../core/world.ts'
import type { Target } from '../target.ts'

/**
 * The same target, whose callers all leave at one moment: a server that has more to do than it can must not keep everybody for
 * minutes. What was under way is a sample all the same, as far as it had come.
 */
export function until(target: Target, over: AbortSignal): Target {
  return {
    async ask(question, signal) {
      // One for each request, or thousands would listen to one signal.
      const gone = new AbortController()
      const leave = (): void => gone.abort()
      over.addEventListener('abort', leave)
      signal.addEventListener('abort', leave)
      if (over.aborted || signal.aborted) leave()
      try {
        return await target.ask(question, gone.signal)
      } finally {
        over.removeEventListener('abort', leave)
        signal.removeEventListener('abort', leave)
      }
    },
  }
}

/** Fires after so long, or when it is broken off; `end` spares the rest of the waiting. */
export function alarmAfter(world: World, ms: number): { readonly signal: AbortSignal; readonly end: () => void } {
  const [alarm, off] = [new AbortController(), new AbortController()]
  void world.sleep(ms, off.signal).then(() => {
    if (!off.signal.aborted) alarm.abort()
  })
  return { signal: alarm.signal, end: () => off.abort() }
}
