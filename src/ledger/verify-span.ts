import { linkOf } from './chain.ts'
import type { Note } from './jobs/keep.ts'
import { numberIn } from './jobs/rows.ts'
import { addRow, emptySums, type Sums } from './tally.ts'
import { sql, type Row, type Work } from './work.ts'

/** A place where the chain, or what was added up from it, is not what was written. */
export interface Flaw {
  readonly where: string
  readonly what: string
}

/** A place in the chain that somebody has noted. */
export interface Noted {
  readonly seq: number
  readonly hash: string
}

/** A stretch of the chain: what follows one row, up to another and with it. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** What was found in it. Several make up the whole, and each can be looked at by itself. */
export interface Span {
  readonly flaws: readonly Flaw[]
  readonly rows: number
  /** What its rows add up to. */
  readonly sums: Sums
  /** Of its last link, as it stands there. */
  readonly hash: string
}

const atOnce = 1_000
/** So many are told; who has more of them has another problem. */
const flawsMax = 20

/** Follows the chain from link to link, and adds up its rows once more. */
export function* verifySpan({ from, to }: Stretch, noted: readonly Noted[]): Work<Span> {
  const [chain] = yield sql("SELECT retired_slot FROM chain WHERE name = 'requests'")
  const walk = new Walk({ seq: from, hash: yield* hashAt(from), closed: numberIn(chain, 'retired_slot') }, noted)
  const notes = new Map<number, Row>()
  for (const row of yield sql('SELECT seq, content, hash FROM notes ORDER BY seq')) {
    if (numberIn(row, 'seq') > from) notes.set(numberIn(row, 'seq'), row)
    else walk.heed(JSON.parse(String(row['content'])) as Note)
  }
  const followNotes = (): void => {
    for (let note = notes.get(walk.seq + 1); note !== undefined; note = notes.get(walk.seq + 1)) {
      if (walk.seq >= to) return
      walk.note(String(note['content']), String(note['hash']))
    }
  }
  followNotes()
  while (walk.seq < to) {
    // As much as can be in one text: a million rows of five values take twice as long.
    const rows = yield sql(
      `SELECT seq, id, hash || at || content AS line FROM requests
       WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
      walk.seq,
      to,
      atOnce,
    )
    for (const row of rows) {
      walk.row(numberIn(row, 'seq'), row['id'] as string, row['line'] as string)
      followNotes()
    }
    if (rows.length > 0 || walk.seq >= to) continue
    walk.tell(`row ${walk.seq + 1}`, 'is missing')
    break
  }
  return walk.span()
}

/** Of the link on which a stretch follows. */
function* hashAt(seq: number): Work<string> {
  const [row] = yield sql(
    `SELECT start_hash AS hash FROM chain WHERE name = 'requests' AND start_seq = ?
     UNION ALL SELECT hash FROM requests WHERE seq = ? UNION ALL SELECT hash FROM notes WHERE seq = ?`,
    seq,
    seq,
    seq,
  )
  return String(row?.['hash'])
}

const hashLength = 64

class Walk {
  seq: number
  #hash: string
  #rows = 0
  #closedThen = 0
  readonly #closed: number
  readonly #noted: ReadonlyMap<number, string>
  readonly #sums = emptySums()
  readonly #flaws: Flaw[]

  constructor({ seq, hash, closed }: { seq: number; hash: string; closed: number }, noted: readonly Noted[]) {
    this.seq = seq
    this.#closed = closed
    this.#hash = hash
    this.#noted = new Map(noted.map((place) => [place.seq, place.hash]))
    this.#flaws = []
  }

  row(seq: number, id: string, line: string): void {
    if (seq !== this.seq + 1) this.tell(`row ${this.seq + 1}`, 'is missing')
    this.seq = seq
    const begin = line.indexOf('[', hashLength)
    const content = line.slice(begin)
    // What it is filed under has to be what it says.
    const at = line.slice(hashLength, begin)
    const isRight = content.startsWith(`"${id}",${at},`, 1) || content.startsWith(`${JSON.stringify(id)},${at},`, 1)
    if (!isRight) this.tell(`row ${seq}`, 'is filed under another name or time')
    if (!this.#follow(content, line.slice(0, hashLength), 'row')) return
    this.#rows += 1
    addRow(this.#sums, content, { closed: this.#closed, closedThen: this.#closedThen })
  }

  note(content: string, hash: string): void {
    this.seq += 1
    if (this.#follow(content, hash, 'note')) this.heed(JSON.parse(content) as Note)
  }

  heed(note: Note): void {
    if (note.type === 'closed') this.#closedThen = note.slot
  }

  tell(where: string, what: string): void {
    if (this.#flaws.length < flawsMax) this.#flaws.push({ where, what })
  }

  span(): Span {
    return { flaws: this.#flaws, rows: this.#rows, sums: this.#sums, hash: this.#hash }
  }

  #follow(content: string, hash: string, name: string): boolean {
    const isLink = linkOf(this.#hash, content) === hash
    if (!isLink) this.tell(`${name} ${this.seq}`, 'or what it follows is not what was written')
    this.#hash = hash
    const place = this.#noted.get(this.seq)
    if (place !== undefined && place !== hash)
      this.tell(`${name} ${this.seq}`, 'is not the one that was noted as the last')
    return isLink
  }
}
