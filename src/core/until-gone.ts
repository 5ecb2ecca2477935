import { Fault } from './fault.ts'

/** Who asked may leave; what was begun goes on for whoever comes next. */
export async function untilGone<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const leave = (): void => reject(new Fault('cancelled', 'The caller went away.'))
  if (signal.aborted) leave()
  signal.addEventListener('abort', leave)
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', leave)
    promise.catch(() => {})
    work.catch(() => {})
  }
}
