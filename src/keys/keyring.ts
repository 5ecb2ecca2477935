import type { Emit } from '../core/event.ts'
import type { Json } from '../core/json.ts'
import type { Holder, Keyring } from '../core/keyring.ts'
import type { CallerSettings, Settings } from '../core/settings.ts'
import type { World } from '../core/world.ts'
import type { Books } from '../ledger/books.ts'
import type { KeyRow } from '../ledger/jobs/keys.ts'
import { placed } from './callers.ts'
import type { Pepper, Seasoning } from './pepper.ts'

type Teams = NonNullable<Settings['teams']>

export interface KeyringParts {
  readonly books: Pick<Books, 'run'>
  readonly pepper: Pepper
  readonly world: Pick<World, 'sleep'>
  readonly emit: Emit
  /** As they are configured now: what a key may do depends on its team. */
  readonly teams: () => Teams
  /** Who holds a key, by its name and what it may do. Throws where that means nothing here. */
  readonly holderOf: (name: string, scopes: Json, teams: Teams) => Omit<CallerSettings, 'key'>
}

/** What anybody changes anywhere holds here within a second. */
const lookEveryMs = 500

/** A database that does not answer keeps nobody from starting. */
const firstLookMs = 2_000

/** So long a silence of the database is not worth a word. */
const quietLooks = 4

const noTeams: Teams = new Map()

/**
 * The keys in the database, kept in memory by their digests and looked at again twice a second, whoever changed them: this
 * process, the command line or another gateway. While the database is gone, those that were known last go on to count.
 */
export class BooksKeyring implements Keyring {
  readonly #parts: KeyringParts
  readonly #ending = new AbortController()
  readonly #rows = new Map<string, KeyRow>()
  /** By the row that they were read from, and the teams that there were. */
  readonly #read = new WeakMap<KeyRow, { readonly teams: Teams; readonly holder: Holder | undefined }>()
  #byDigest = new Map<string, Holder>()
  #byName = new Map<string, Holder>()
  #teams: Teams = noTeams
  #version: number | undefined
  #mark = ''
  #seasoning: Seasoning | undefined
  /** As far as can be told while they were never read. */
  #mayBeUsed: boolean | undefined
  /** There is a pepper, and it cannot be used. */
  #isUnfit = false
  #looking: Promise<void> | undefined
  #missed = 0
  #told = ''

  constructor(parts: KeyringParts) {
    this.#parts = parts
  }

  /** Where the keys cannot be read, those who have them are not to find the door open: a pepper is there once there is a key. */
  get isUsed(): boolean {
    if (this.#version !== undefined) return this.#mark !== ''
    return (this.#mayBeUsed ??= this.#season() !== undefined || this.#isUnfit)
  }

  find(credential: string): Holder | undefined {
    const seasoning = this.#seasoning
    if (seasoning === undefined) return undefined
    this.#keepUp()
    return this.#byDigest.get(seasoning.digest(credential))
  }

  holds(id: string): boolean {
    return this.#rows.get(id)?.revokedAt === null
  }

  named(name: string): Holder | undefined {
    this.#keepUp()
    return this.#byName.get(name)
  }

  /** Reads all keys, and looks for changes from then on. It resolves also where the database does not answer. */
  async start(): Promise<void> {
    await Promise.race([this.look(), this.#parts.world.sleep(firstLookMs)])
    void this.#watch()
  }

  stop(): void {
    this.#ending.abort()
  }

  /** Takes up what has changed; sooner than it would by itself. */
  async look(): Promise<void> {
    // One that is under way may have read what was before.
    await this.#looking
    this.#looking = this.#look()
    await this.#looking
  }

  async #watch(): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      await this.#parts.world.sleep(lookEveryMs, signal)
      if (!signal.aborted) await this.look()
    }
  }

  async #look(): Promise<void> {
    try {
      const { version, pepper, keys } = await this.#parts.books.run('keysSince', this.#version ?? 0)
      if (this.#missed >= quietLooks) this.#tell('info', 'The keys can be read again.')
      this.#missed = 0
      if (version === this.#version) return
      if (version < (this.#version ?? 0)) this.#rows.clear()
      this.#version = version
      this.#mark = pepper
      for (const row of keys) this.#rows.set(row.id, row)
      this.#resolve()
    } catch (error) {
      this.#missed += 1
      if (this.#missed !== quietLooks && this.#version !== undefined) return
      const why = error instanceof Error ? error.message : String(error)
      this.#tell('warn', `The keys in the database cannot be read, so those that were known last go on: ${why}`)
    }
  }

  /** A team may be another one since the configuration was read again. */
  #keepUp(): void {
    if (this.#parts.teams() !== this.#teams) this.#resolve()
  }

  #resolve(): void {
    this.#teams = this.#parts.teams()
    this.#byDigest = new Map()
    this.#byName = new Map()
    if (this.#mark === '' || this.#season()?.mark !== this.#mark) {
      if (this.#mark !== '') this.#tell('error', strangePepper)
      return
    }
    for (const row of this.#rows.values()) if (row.revokedAt === null) this.#add(row)
  }

  #add(row: KeyRow): void {
    const holder = this.#holderIn(row)
    if (holder === undefined) return
    this.#byName.set(row.name, holder)
    for (const { digest, endsAt } of row.secrets) {
      const expiresAt = Math.min(endsAt ?? Infinity, holder.expiresAt ?? Infinity)
      this.#byDigest.set(digest, endsAt === null ? holder : { ...holder, expiresAt })
    }
  }

  #holderIn(row: KeyRow): Holder | undefined {
    const known = this.#read.get(row)
    // Of a key without a team, no other configuration changes what it may do.
    const isSame =
      known?.teams === this.#teams || (known?.holder !== undefined && known.holder.caller.team === undefined)
    if (isSame) return known.holder
    const { id, name, scopes, expiresAt } = row
    let holder: Holder | undefined
    try {
      const { caller, ...rest } = placed(this.#parts.holderOf(name, JSON.parse(scopes) as Json, this.#teams))
      holder = { ...rest, caller: { ...caller, key: id }, ...(expiresAt !== null && { expiresAt }) }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#tell('error', `The key ${id} of ${name} is refused, since what it may do is unclear: ${why}`)
    }
    this.#read.set(row, { teams: this.#teams, holder })
    return holder
  }

  /** How keys are digested here, once there is a pepper. */
  #season(): Seasoning | undefined {
    if (this.#seasoning !== undefined && this.#seasoning.mark === this.#mark) return this.#seasoning
    try {
      this.#seasoning = this.#parts.pepper.read()
      this.#isUnfit = false
    } catch (error) {
      this.#isUnfit = true
      this.#seasoning = undefined
      this.#tell('error', error instanceof Error ? error.message : String(error))
    }
    return this.#seasoning
  }

  /** Once, however often it is seen. */
  #tell(level: 'info' | 'warn' | 'error', text: string): void {
    if (text === this.#told) return
    this.#told = text
    this.#parts.emit({ type: 'notice', level, text })
  }
}

const strangePepper =
  'The keys in the database were made with another pepper than the one here, so none of them is known: ' +
  'bring the file "pepper" from the data folder of the gateway that made them, or set SPILLWAY_PEPPER to it.'
