import type { CallerSettings } from './settings.ts'

/** Where one may ask from. */
export interface Places {
  has(address: string): boolean
}

/** Who is behind a key, and when and from where it counts. */
export interface Holder extends Omit<CallerSettings, 'key' | 'addresses'> {
  /** Undefined for anywhere. */
  readonly places?: Places | undefined
}

/** The keys that were made here, beside those of the configuration. */
export interface Keyring {
  /** Whether any was ever made: from then on nobody asks without one, unless that is allowed. */
  readonly isUsed: boolean
  /** Undefined for what is none of its keys; of one that counts no more, the holder says so. It takes as long for any. */
  find(credential: string): Holder | undefined
  /** Whether the key of this public id has not been taken back, as far as is known. */
  holds(id: string): boolean
  /** Whoever is called so and may ask. */
  named(name: string): Holder | undefined
}
