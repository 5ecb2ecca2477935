import { hash } from 'node:crypto'
import type { By, Intent } from '../core/change.ts'
import { readDuration } from '../core/duration.ts'
import { Fault } from '../core/fault.ts'
import type { Json } from '../core/json.ts'
import type { Settings } from '../core/settings.ts'
import type { World } from '../core/world.ts'
import { auditOf } from '../ledger/audit.ts'
import type { Books } from '../ledger/books.ts'
import type { AuditRecord } from '../ledger/jobs/audit.ts'
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

  create(body: Json, by: By): Promise<MadeKey> {
    const id = newId()
    const subject = typeof body['name'] === 'string' ? body['name'].slice(0, 100) : ''
    return this.#audited({ ...by, action: 'key.create', subject, after: id }, async (audit) => {
      const { name, env, scopes, expiresAt = null } = this.#parts.reading.newKey(body, this.#reading)
      const { callers } = this.#parts.settings()
      if (nobodies.has(name) || callers.some(({ caller }) => caller.id === name)) throw taken(name)
      const { digest, mark } = this.#seasoning()
      const key = newKey({ env, id })
      const row = {
        id,
        name,
        env,
        scopes: JSON.stringify(scopes),
        createdAt: this.#now,
        createdBy: by.actor,
        expiresAt,
      }
      const done = await this.#parts.books.run('insertKey', { ...row, digest: digest(key) }, mark, audit)
      if (done === 'name-taken') throw taken(name)
      if (done === 'other-pepper') throw otherPepper()
      return { ...(await this.#changed(id)), key }
    })
  }

  /** Another secret for the same key. The one before it counts for a while yet, so that nobody has to hurry. */
  rotate(id: string, body: Json, by: By): Promise<MadeKey> {
    return this.#audited({ ...by, action: 'key.rotate', subject: id }, async (audit) => {
      const overlapMs = overlapIn(body)
      const { env } = await this.#live(id)
      const { digest, mark } = this.#seasoning()
      if ((await this.#parts.books.run('keysSince', 0)).pepper !== mark) throw otherPepper()
      const key = newKey({ env, id })
      const secret = { digest: digest(key), at: this.#now, until: this.#now + overlapMs }
      if (!(await this.#parts.books.run('rotateKey', id, secret, audit))) throw unknown(id)
      return { ...(await this.#changed(id)), key }
    })
  }

  change(id: string, body: Json, by: By): Promise<KeyView> {
    const detail = Object.keys(body).join(', ').slice(0, 200)
    return this.#audited({ ...by, action: 'key.change', subject: id, detail }, async (audit) => {
      const row = await this.#live(id)
      const scopes = JSON.parse(row.scopes) as Json
      const wish = { name: row.name, env: row.env, scopes, expiresAt: row.expiresAt ?? undefined }
      const wanted = this.#parts.reading.change(body, wish, this.#reading)
      const before = { scopes: row.scopes, expiresAt: row.expiresAt }
      const after = { scopes: JSON.stringify(wanted.scopes), expiresAt: wanted.expiresAt ?? null }
      const done = await this.#parts.books.run('changeKey', id, before, after, {
        ...audit,
        before: markOf(before),
        after: markOf(after),
      })
      if (!done) throw meanwhile(id)
      return this.#changed(id)
    })
  }

  revoke(id: string, by: By): Promise<KeyView> {
    return this.#audited({ ...by, action: 'key.revoke', subject: id }, async (audit) => {
      if (!(await this.#parts.books.run('revokeKey', id, this.#now, audit))) throw unknown(id)
      return this.#changed(id)
    })
  }

  /** What is done is taken down in the same work; what comes to nothing, afterwards. */
  async #audited<T>(intent: Intent, act: (audit: AuditRecord) => Promise<T>): Promise<T> {
    const audit = auditOf({ ...intent, result: 'ok' }, this.#now)
    try {
      return await act(audit)
    } catch (error) {
      const result = error instanceof Fault ? error.code : 'internal_error'
      // Under the same id: where it was done and only its answer was lost, it has its line. Where nothing can be taken down
      // either, whoever asked is told of the first.
      await this.#parts.books.run('addAudit', { ...audit, result }).catch(() => {})
      throw error
    }
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

function overlapIn({ overlap = usualOverlap, ...others }: Json): number {
  const overlapMs = typeof overlap === 'string' || typeof overlap === 'number' ? readDuration(overlap) : undefined
  if (overlapMs === undefined) throw bad('overlap: is no duration; write 24h, or 0 to end the old one at once')
  const [other] = Object.keys(others)
  if (other !== undefined) throw bad(`${other}: there is only overlap to be said here`)
  return overlapMs
}

/** Tells what a key might do from what it may do now, and no more. */
const markOf = ({ scopes, expiresAt }: Pick<KeyRow, 'scopes' | 'expiresAt'>): string =>
  hash('sha256', `${expiresAt} ${scopes}`).slice(0, 16)

const taken = (name: string): Fault =>
  new Fault('bad-request', `There is a caller ${name} already. Rotate or revoke its key, or choose another name.`, {
    status: 409,
    code: 'name_taken',
  })

const meanwhile = (id: string): Fault =>
  new Fault('bad-request', `Somebody else changed the key ${id} just now. Look again.`, {
    status: 409,
    code: 'changed_meanwhile',
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
