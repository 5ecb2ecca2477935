import { hash } from 'node:crypto'
import type { Caller } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import type { Holder, Keyring } from '../core/keyring.ts'
import type { CallerSettings, Settings } from '../core/settings.ts'
import type { World } from '../core/world.ts'
import { Networks, networkOf } from './networks.ts'

type Configured = Pick<Settings, 'callers' | 'anonymous' | 'anonymousLimits'>

interface CallersParts {
  readonly keyring?: Keyring | undefined
  readonly clock: Pick<World, 'epochMs'>
}

const anyone: Caller = { id: 'anonymous', weight: 1, priority: 'default', models: undefined, cloud: 'allowed' }

/**
 * Key → caller. Looked up by digest, so that the time it takes says nothing about how much of a key was right, and so
 * that no key stands in memory longer than it must. One that is unknown, expired, revoked or from a wrong place is
 * answered alike, and as fast.
 */
export class Callers {
  readonly #settings: Configured
  readonly #keyring: Keyring | undefined
  readonly #clock: CallersParts['clock']
  readonly #byDigest = new Map<string, Holder>()
  readonly #byName = new Map<string, Holder>()

  constructor(settings: Configured, { keyring, clock }: CallersParts) {
    this.#settings = settings
    this.#keyring = keyring
    this.#clock = clock
    for (const { key, ...written } of settings.callers) {
      const holder = placed(written)
      this.#byDigest.set(digest(key), holder)
      this.#byName.set(holder.caller.id, holder)
    }
  }

  /** No keys anywhere: whoever reaches the port may ask, whatever key is sent along. */
  get isOpen(): boolean {
    return this.#byDigest.size === 0 && this.#keyring?.isUsed !== true
  }

  /** Whether one may ask without a key. */
  get takesKeyless(): boolean {
    return this.#settings.anonymous !== undefined || this.isOpen
  }

  identify(credential: string | undefined, address?: string): Caller {
    if (this.isOpen) return this.#anonymous(address)
    if (credential === undefined) {
      if (this.#settings.anonymous !== undefined) return this.#anonymous(address)
      throw new Fault('unauthorized', 'A key is needed: send it as "Authorization: Bearer KEY" or as "x-api-key".')
    }
    // Both are asked whatever either says, so that both always take their time.
    const made = this.#keyring?.find(credential)
    const { caller, expiresAt, places } = this.#byDigest.get(digest(credential)) ?? made ?? nobody
    const isOver = expiresAt !== undefined && this.#clock.epochMs() >= expiresAt
    if (!isOver && places === undefined) return caller
    // Looked at also where something else is wrong already: that takes no less time then.
    const isHere = address !== undefined && (places ?? somewhere).has(address)
    if (isOver || !isHere) throw notKnown()
    return caller
  }

  /** Why a caller that was let in before is not any more: its key was taken back. */
  barred({ key }: Caller): Fault | undefined {
    return key === undefined || this.#keyring?.holds(key) !== false ? undefined : notKnown()
  }

  /** How long this caller waits when it does not say; undefined for the gateway's own defaults. */
  wishes({ id }: Caller): Pick<Holder, 'patienceMs' | 'deadlineMs'> | undefined {
    return this.#byName.get(id) ?? this.#keyring?.named(id)
  }

  /** Whoever has this name and a key. */
  named(name: string): Caller | undefined {
    return (this.#byName.get(name) ?? this.#keyring?.named(name))?.caller
  }

  #anonymous(address: string | undefined): Caller {
    const { anonymous, anonymousLimits } = this.#settings
    const caller = anonymous ?? (anonymousLimits === undefined ? anyone : { ...anyone, limits: anonymousLimits })
    return caller.limits === undefined || address === undefined ? caller : { ...caller, address: networkOf(address) }
  }
}

/** Whoever has a key that is none: it has always been over. */
const nobody: Holder = { caller: anyone, patienceMs: undefined, expiresAt: -Infinity }

const somewhere = new Networks([{ address: '0.0.0.0', bits: 32 }])

const notKnown = (): Fault => new Fault('unauthorized', 'This key is not known here.')

/** With its addresses as they are looked up. */
export const placed = ({ addresses, ...holder }: Omit<CallerSettings, 'key'>): Holder =>
  addresses === undefined ? holder : { ...holder, places: new Networks(addresses) }

const digest = (key: string): string => hash('sha256', key)
