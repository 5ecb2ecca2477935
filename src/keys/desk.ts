import { readDuration } from '../core/duration.ts'
import { Fault } from '../core/fault.ts'
import type { Json } from '../core/json.ts'
import type { Settings } from '../core/settings.ts'
import type { World } from '../core/world.ts'
import type { Books } from '../ledger/books.ts'
import type { KeyRow } from '../ledger/jobs/keys.ts'
import { newId, newKey } from './format.ts'
import { type Pepper, PepperFault, type Seasoning } from './pepper.ts'
import { type KeyView, viewOf } from './view.ts'

type Teams = NonNullable<Settings['teams']>

/** A key as it is wished for. */
export interface KeyWish {
  readonly name: string
  readonly env: string
  readonly scopes: Json
  readonly expiresAt: number | undefined
}

interface ReadParts {
  readonly teams: Teams
  readonly nowMs: number
}

/** What is said about a key, read: it throws a Fault that says what is wrong with it. */
export interface KeyReading {
  newKey(body: Json, parts: ReadParts): KeyWish
  change(body: Json, before: KeyWish, parts: ReadParts): KeyWish
}

export interface DeskParts {
  readonly books: Pick<Books, 'run'>
  readonly pepper: Pepper
  readonly clock: Pick<World, 'epochMs'>
  readonly reading: KeyReading
  readonly settings: () => Pick<Settings, 'callers' | 'teams'>
  /** Takes up what was changed. */
  readonly changed?: (() => Promise<void>) | undefined
}

/** A key with the secret in it: shown once, to whoever had it made. */
export type MadeKey = KeyView & { readonly key: string }

const usualOverlap = '24h'

/** Names that stand for those who have no key. */
const nobodies: ReadonlySet<string> = new Set(['anonymous', 'nobody'])

/** Where keys are made, changed and taken back: by the admin API and by the command line. */
export class KeyDesk {
  readonly #parts: DeskParts

  constructor(parts: DeskParts) {
    this.#parts = parts
  }

  /** All that there ever were, the oldest first. */
  async list(): Promise<readonly KeyView[]> {
    const nowMs = this.#now
    return (await this.#rows()).map((row) => viewOf(row, nowMs))
  }

  async show(id: string): Promise<KeyView> {
    return viewOf(await this.#row(id), this.#now)
  }

  async create(body: Json, by: string): Promise<MadeKey> {
    const { name, env, scopes, expiresAt } = this.#parts.reading.newKey(body, this.#reading)
    const { callers } = this.#parts.settings()
    if (nobodies.has(name) || callers.some(({ caller }) => caller.id === name)) throw taken(name)
    const { digest, mark } = this.#seasoning()
    const id = newId()
    const key = newKey({ env, id })
    const row = { id, name, env, scopes: JSON.stringify(scopes), createdAt: this.#now, createdBy: by }
    const done = await this.#parts.books.run(
      'insertKey',
      { ...row, expiresAt: expiresAt ?? null, digest: digest(key) },
      mark,
    )
    if (done === 'name-taken') throw taken(name)
    if (done === 'other-pepper') throw otherPepper()
    return { ...(await this.#changed(id)), key }
  }

  /** Another secret for the same key. The one before it counts for a while yet, so that nobody has to hurry. */
  async rotate(id: string, body: Json): Promise<MadeKey> {
    const { overlap = usualOverlap, ...others } = body
    const overlapMs = typeof overlap === 'string' || typeof overlap === 'number' ? readDuration(overlap) : undefined
    if (overlapMs === undefined) throw bad('overlap: is no duration; write 24h, or 0 to end the old one at once')
    if (Object.keys(others).length > 0) throw bad(`${Object.keys(others)[0]}: there is only overlap to be said here`)
    const { env } = await this.#live(id)
    const { digest, mark } = this.#seasoning()
    if ((await this.#parts.books.run('keysSince', 0)).pepper !== mark) throw otherPepper()
    const key = newKey({ env, id })
    const now = this.#now
    if (!(await this.#parts.books.run('rotateKey', id, digest(key), now, now + overlapMs))) throw unknown(id)
    return { ...(await this.#changed(id)), key }
  }

  async change(id: string, body: Json): Promise<KeyView> {
    const row = await this.#live(id)
    const scopes = JSON.parse(row.scopes) as Json
    const before = { name: row.name, env: row.env, scopes, expiresAt: row.expiresAt ?? undefined }
    const after = this.#parts.reading.change(body, before, this.#reading)
    const now = { scopes: JSON.stringify(after.scopes), expiresAt: after.expiresAt ?? null }
    const done = await this.#parts.books.run('changeKey', id, { scopes: row.scopes, expiresAt: row.expiresAt }, now)
    if (!done)
      throw new Fault('bad-request', `Somebody else changed the key ${id} just now. Look again.`, { status: 409 })
    return this.#changed(id)
  }

  async revoke(id: string): Promise<KeyView> {
    if (!(await this.#parts.books.run('revokeKey', id, this.#now))) throw unknown(id)
    return this.#changed(id)
  }

  get #now(): number {
    return this.#parts.clock.epochMs()
  }

  get #reading(): ReadParts {
    return { teams: this.#parts.settings().teams ?? new Map(), nowMs: this.#now }
  }

  #seasoning(): Seasoning {
    try {
      return this.#parts.pepper.make()
    } catch (error) {
      if (!(error instanceof PepperFault)) throw error
      throw new Fault('internal', error.message, { cause: error })
    }
  }

  async #rows(): Promise<readonly KeyRow[]> {
    return (await this.#parts.books.run('keysSince', 0)).keys
  }

  async #row(id: string): Promise<KeyRow> {
    const row = (await this.#rows()).find((one) => one.id === id)
    if (row === undefined) throw unknown(id)
    return row
  }

  async #live(id: string): Promise<KeyRow> {
    const row = await this.#row(id)
    if (row.revokedAt !== null) throw unknown(id)
    return row
  }

  async #changed(id: string): Promise<KeyView> {
    await this.#parts.changed?.()
    return this.show(id)
  }
}

const taken = (name: string): Fault =>
  new Fault('bad-request', `There is a caller ${name} already. Rotate or revoke its key, or choose another name.`, {
    status: 409,
    code: 'name_taken',
  })

const unknown = (id: string): Fault =>
  new Fault('no-such-route', `There is no key ${id.slice(0, 20)} that could be changed. List them to see the ids.`, {
    code: 'key_not_found',
  })

const otherPepper = (): Fault =>
  new Fault(
    'bad-request',
    'The keys in the database were made with another pepper. Bring the file "pepper" from the data folder of the gateway ' +
      'that made them, or set SPILLWAY_PEPPER to it.',
    { status: 409, code: 'other_pepper' },
  )

const bad = (message: string): Fault => new Fault('bad-request', `${message}.`)
