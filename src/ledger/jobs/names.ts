import { randomBytes } from 'node:crypto'
import { idFor } from '../chain.ts'
import { sql, type Work } from '../work.ts'

export type NameKind = 'caller' | 'key'

/** The id under which somebody's rows are, if there are any. */
export function* knownId(kind: NameKind, name: string): Work<string | undefined> {
  const [row] = yield sql('SELECT id FROM names WHERE kind = ? AND name = ?', kind, name)
  return row === undefined ? undefined : String(row['id'])
}

/** Finds ids for names, each looked up once, and makes those that are missing. */
export class Names {
  readonly #ids: Map<string, string>

  constructor() {
    this.#ids = new Map()
  }

  *idOf(kind: NameKind, name: string | undefined): Work<string> {
    if (name === undefined) return ''
    const at = `${kind}\n${name}`
    const known = this.#ids.get(at) ?? (yield* knownId(kind, name)) ?? (yield* newId(kind, name))
    this.#ids.set(at, known)
    return known
  }
}

function* newId(kind: NameKind, name: string): Work<string> {
  const salt = randomBytes(16).toString('base64url')
  const id = idFor(kind, name, salt)
  yield sql('INSERT INTO names (id, kind, name, salt) VALUES (?, ?, ?, ?)', id, kind, name, salt)
  return id
}

/** Who is meant by each id, for people to read. */
export function* allNames(): Work<ReadonlyMap<string, string>> {
  const rows = yield sql('SELECT id, name FROM names')
  return new Map(rows.map(({ id, name }) => [String(id), typeof name === 'string' ? name : `forgotten-${String(id)}`]))
}
