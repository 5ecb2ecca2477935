import { Fault } from '../core/fault.ts'

const code = 'LOCAL_RATE_LIMIT'

/** The application's own limits, set with `createGateway`: nothing was sent anywhere. */
export type LocalRateLimit = Fault & { readonly code: typeof code; readonly retryAfterMs: number }

export const isLocalRateLimit = (error: unknown): error is LocalRateLimit =>
  error instanceof Fault && error.code === code

/** In the process that set the limits they are called so; over the wire they have the code that HTTP clients know. */
export function rethrowLocal(error: unknown): never {
  if (!(error instanceof Fault) || error.kind !== 'rate-limited') throw error
  const { message, retryAfterMs, allowances } = error
  throw new Fault('rate-limited', message, { code, retryAfterMs, allowances, cause: error })
}
