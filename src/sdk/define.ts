import type { Backend } from '../core/backend.ts'
import type { Policy } from '../core/policy.ts'

/** Types a backend of one's own as it is written; pass it among `backends`, and name its kind in the configuration. */
export const defineBackend = (backend: Backend): Backend => backend

/** Types a policy of one's own as it is written; pass it as `policy`. */
export const definePolicy = (policy: Policy): Policy => policy
