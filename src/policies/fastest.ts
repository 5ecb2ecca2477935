import type { Policy } from '../core/policy.ts'

/**
 * Prefers the place predicted to speak first, those counted in who will wait because of it. Between 0 and 1, so that it can be weighed against other policies; half
 * at one second, about where a person begins to wait.
 */
export const fastest: Policy = (_ask, { firstTokenMs, evictionMs }) => {
  const ms = firstTokenMs + evictionMs
  return ms / (ms + 1_000)
}
