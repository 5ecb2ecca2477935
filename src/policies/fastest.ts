import type { Policy } from '../core/policy.ts'

/**
 * Prefers the place predicted to speak first. Between 0 and 1, so that it can be weighed against other policies; half
 * at one second, about where a person begins to wait.
 */
export const fastest: Policy = (_ask, { firstTokenMs }) => firstTokenMs / (firstTokenMs + 1_000)
