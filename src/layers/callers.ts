import { hash } from 'node:crypto'
import type { Limits } from '../core/allowance.ts'
import type { Caller } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import type { CallerSettings } from '../core/settings.ts'

const anonymous: Caller = { id: 'anonymous', weight: 1, priority: 'default', models: undefined, cloud: 'allowed' }

/**
 * Key → caller. Looked up by digest, so that the time it takes says nothing about how much of a key was right, and so
 * that no key stands in memory longer than it must.
 */
export class Callers {
  readonly #byDigest = new Map<string, CallerSettings>()
  readonly #byId = new Map<string, CallerSettings>()

  readonly #anonymousLimits: Limits | undefined

  constructor(callers: readonly CallerSettings[], anonymousLimits?: Limits) {
    this.#anonymousLimits = anonymousLimits
    for (const settings of callers) {
      this.#byDigest.set(digest(settings.key), settings)
      this.#byId.set(settings.caller.id, settings)
    }
  }

  identify(credential: string | undefined, address?: string): Caller {
    const limits = this.#anonymousLimits
    if (this.#byDigest.size === 0) return limits === undefined ? anonymous : { ...anonymous, limits, address }
    if (credential === undefined) {
      throw new Fault('unauthorized', 'A key is needed: send it as "Authorization: Bearer KEY" or as "x-api-key".')
    }
    const known = this.#byDigest.get(digest(credential))
    if (known === undefined) throw new Fault('unauthorized', 'This key is not known here.')
    return known.caller
  }

  /** How long this caller waits when it does not say; undefined for the gateway's own defaults. */
  wishes(caller: Caller): Pick<CallerSettings, 'patienceMs' | 'deadlineMs'> | undefined {
    return this.#byId.get(caller.id)
  }
}

const digest = (key: string): string => hash('sha256', key)
