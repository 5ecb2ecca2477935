import type { Policy } from '../core/policy.ts'

/**
 * A model that must be loaded first costs the whole server time, and may push out one that others are using.
 * Where the server does not tell, the doubt costs half.
 */
export const preferLoaded: Policy = (_ask, { loaded }) => (loaded === undefined ? 0.5 : loaded ? 0 : 1)
