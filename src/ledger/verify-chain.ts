import { idFor, linkOf } from './chain.ts'
import { beginsWith } from './content.ts'
import { numberIn } from './jobs/rows.ts'
import { Recount } from './recount.ts'
import { sql, type Row, type Work } from './work.ts'

/** What was found of the chain of final rows. */
export interface ChainVerdict {
  /** In words, and where. */
  readonly problems: readonly { readonly where: string; readonly what: string }[]
  readonly rows: number
  /** Rows that were here once and are sums now. */
  readonly retired: number
  readonly seq: number
  readonly hash: string
}

/** A place in the chain that somebody has noted. */
export interface Noted {
  readonly seq: number
  readonly hash: string
}

const atOnce = 2_000
/** So many are told; who has more of them has another problem. */
const problemsMax = 20

/** Goes through all rows, from the first to the last, and through what was added up from them. */
export function* verifyChain(noted: readonly Noted[] = []): Work<ChainVerdict> {
  const problems: { where: string; what: string }[] = []
  const tell = (where: string, what: string): void => {
    if (problems.length < problemsMax) problems.push({ where, what })
  }
  const [chain] = yield sql("SELECT seq, hash, start_seq, start_hash FROM chain WHERE name = 'requests'")
  const head = { seq: numberIn(chain, 'seq'), hash: String(chain?.['hash']) }
  const notes = new Map((yield sql('SELECT seq, content, hash FROM notes')).map((row) => [numberIn(row, 'seq'), row]))
  const places = new Map(noted.map((place) => [place.seq, place.hash]))
  const recount = new Recount()

  let seq = numberIn(chain, 'start_seq')
  let hash = String(chain?.['start_hash'])
  let rows = 0
  const follow = (row: Row, name: string): void => {
    seq += 1
    const content = String(row['content'])
    const link = linkOf(hash, content)
    if (link !== row['hash']) tell(`${name} ${seq}`, 'or what it follows is not what was written')
    hash = String(row['hash'])
    const place = places.get(seq)
    if (place !== undefined && place !== hash) tell(`${name} ${seq}`, 'is not the one that was noted as the last')
  }
  const followNotes = (): void => {
    for (let note = notes.get(seq + 1); note !== undefined; note = notes.get(seq + 1)) {
      follow(note, 'note')
      recount.note(String(note['content']))
    }
  }

  followNotes()
  while (seq < head.seq) {
    const some = yield sql(
      'SELECT seq, id, at, content, hash FROM requests WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?',
      seq,
      head.seq,
      atOnce,
    )
    for (const row of some) {
      const found = numberIn(row, 'seq')
      if (found !== seq + 1) tell(`row ${seq + 1}`, found > seq ? 'is missing' : 'is there twice')
      if (found !== seq + 1) seq = found - 1
      follow(row, 'row')
      const content = String(row['content'])
      if (!beginsWith(content, String(row['id']), numberIn(row, 'at')))
        tell(`row ${seq}`, 'is filed under another name or time')
      recount.row(content)
      rows += 1
      followNotes()
    }
    if (some.length === 0 && seq < head.seq) {
      tell(`row ${seq + 1}`, 'is missing')
      break
    }
  }
  if (problems.length === 0 && hash !== head.hash) tell(`row ${seq}`, 'is not the last one that was written')
  for (const place of noted)
    if (place.seq > head.seq) tell(`row ${head.seq}`, `is the last, and row ${place.seq} was there once`)
  const [behind] = yield sql('SELECT COUNT(*) AS rows FROM requests WHERE seq > ?', head.seq)
  if (numberIn(behind, 'rows') > 0) tell(`row ${head.seq + 1}`, 'is behind the end of the chain')
  if (problems.length === 0) for (const { where, what } of yield* recount.compare()) tell(where, what)
  for (const { where, what } of yield* verifyNames()) tell(where, what)
  for (const { where, what } of yield* verifyHolds()) tell(where, what)
  return { problems, rows, retired: numberIn(chain, 'start_seq'), ...head }
}

/** An id is made of the name it stands for: another name cannot be put in its place. */
function* verifyNames(): Work<ChainVerdict['problems']> {
  const rows = yield sql('SELECT id, kind, name, salt FROM names WHERE name IS NOT NULL')
  return rows
    .filter(({ id, kind, name, salt }) => idFor(String(kind), String(name), String(salt)) !== id)
    .map(({ id, kind }) => ({ where: `${String(kind)} ${String(id)}`, what: 'has another name than it had' }))
}

/** All that is set aside belongs to a try that has not ended. */
function* verifyHolds(): Work<ChainVerdict['problems']> {
  const rows = yield sql(
    `SELECT accounts.name, accounts.held, COALESCE(SUM(holds.nano), 0) AS nano FROM accounts
     LEFT JOIN hold_accounts ON hold_accounts.name = accounts.name AND hold_accounts.from_at = accounts.from_at
     LEFT JOIN holds ON holds.id = hold_accounts.hold
     GROUP BY accounts.name, accounts.from_at, accounts.held`,
  )
  return rows
    .filter((row) => numberIn(row, 'held') !== numberIn(row, 'nano'))
    .map((row) => ({ where: `account ${String(row['name'])}`, what: 'has more or less set aside than its tries' }))
}
