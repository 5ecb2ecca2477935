import { idFor } from './chain.ts'
import { digestOf, type Note } from './jobs/keep.ts'
import { numberIn } from './jobs/rows.ts'
import { totalCounts, totalKeys } from './jobs/totals.ts'
import { verifySpan, type Flaw, type Noted, type Span, type Stretch } from './verify-span.ts'
import { addSums, emptySums } from './tally.ts'
import { sql, type Work } from './work.ts'

export type { Noted }

/** What was found of the chain of final rows, and of what was added up from it. */
export interface ChainVerdict {
  readonly problems: readonly Flaw[]
  readonly rows: number
  /** The last link that is not here any more. */
  readonly retired: number
  readonly seq: number
  readonly hash: string
}

/** Goes through all rows, from the first to the last, and through what was added up from them. */
export function* verifyChain(noted: readonly Noted[] = []): Work<ChainVerdict> {
  return yield* verifyWhole([yield* verifySpan(yield* wholeChain(), noted)], noted)
}

/** Where it begins and ends. */
export function* wholeChain(): Work<Stretch> {
  const [chain] = yield sql("SELECT seq, start_seq FROM chain WHERE name = 'requests'")
  return { from: numberIn(chain, 'start_seq'), to: numberIn(chain, 'seq') }
}

/** What has to be so beyond the links of the chain, when these have been followed. */
export function* verifyWhole(spans: readonly Span[], noted: readonly Noted[]): Work<ChainVerdict> {
  const [chain] = yield sql("SELECT seq, hash, start_seq FROM chain WHERE name = 'requests'")
  const [seq, hash] = [numberIn(chain, 'seq'), String(chain?.['hash'])]
  const flaws = spans.flatMap((span) => span.flaws)
  if (flaws.length === 0 && spans.at(-1)?.hash !== hash)
    flaws.push({ where: `row ${seq}`, what: 'is not the last one that was written' })
  for (const place of noted)
    if (place.seq > seq) flaws.push({ where: `row ${seq}`, what: `is the last, and row ${place.seq} was there once` })
  const [behind] = yield sql(
    'SELECT COUNT(*) AS links FROM (SELECT seq FROM requests UNION ALL SELECT seq FROM notes) AS links WHERE seq > ?',
    seq,
  )
  if (numberIn(behind, 'links') > 0) flaws.push({ where: `row ${seq + 1}`, what: 'is behind the end of the chain' })
  if (flaws.length === 0)
    flaws.push(...(yield* verifyTotals(spans)), ...(yield* verifyNames()), ...(yield* verifyHolds()))
  const rows = spans.reduce((sum, span) => sum + span.rows, 0)
  return { problems: flaws, rows, retired: numberIn(chain, 'start_seq'), seq, hash }
}

/** The sums are those of their rows; where the rows were let go, they are what they were then. */
function* verifyTotals(spans: readonly Span[]): Work<readonly Flaw[]> {
  const flaws: Flaw[] = []
  let closed = 0
  for (const note of yield* notes()) {
    if (note.type !== 'closed') continue
    if (note.since !== closed || (yield* digestOf(note.since, note.slot)) !== note.totals)
      flaws.push({ where: `the sums of slots ${note.since} to ${note.slot}`, what: 'are not what was written' })
    closed = note.slot
  }
  const [chain] = yield sql("SELECT retired_slot FROM chain WHERE name = 'requests'")
  if (numberIn(chain, 'retired_slot') !== closed) flaws.push({ where: 'the days that are closed', what: 'are others' })

  const sums = emptySums()
  for (const span of spans) addSums(sums, span.sums)
  const bySlot = yield* totalsBy(['slot'], closed)
  for (const [slot, wrong] of different(sums.bySlot, bySlot))
    flaws.push({ where: `the sums of slot ${slot}`, what: wrong })
  const byGroup = yield* totalsBy(totalKeys.slice(1), closed)
  for (const [group, wrong] of different(sums.byGroup, byGroup))
    flaws.push({ where: `the sums of ${group.replaceAll('\n', ' ')}`, what: wrong })
  return flaws
}

/** The sums in the database, added up along these keys. */
function* totalsBy(keys: readonly string[], retiredSlot: number): Work<ReadonlyMap<string, readonly number[]>> {
  const sums = totalCounts.map((count) => `SUM(${count}) AS ${count}`)
  const rows = yield sql(
    `SELECT ${[...keys, ...sums].join(', ')} FROM totals WHERE slot >= ? GROUP BY ${keys.join(', ')}`,
    retiredSlot,
  )
  return new Map(
    rows.map((row) => [keys.map((key) => row[key]).join('\n'), totalCounts.map((count) => numberIn(row, count))]),
  )
}

function different(
  counted: ReadonlyMap<number | string, readonly number[]>,
  found: ReadonlyMap<string, readonly number[]>,
): readonly (readonly [key: string, what: string])[] {
  const wrong: [string, string][] = []
  for (const [key, counts] of counted) {
    const sums = found.get(String(key))
    if (sums === undefined) wrong.push([String(key), 'are gone'])
    else if (sums.some((sum, i) => sum !== counts[i])) wrong.push([String(key), 'are not those of their rows'])
  }
  const known = new Set(Array.from(counted.keys(), String))
  for (const key of found.keys()) if (!known.has(key)) wrong.push([key, 'have no rows'])
  return wrong
}

/** An id is made of the name it stands for: another name cannot be put in its place, and none can be left out unseen. */
function* verifyNames(): Work<readonly Flaw[]> {
  const flaws: Flaw[] = []
  const forgotten = new Set((yield* notes()).flatMap((note) => (note.type === 'forgotten' ? note.ids : [])))
  for (const row of yield sql('SELECT id, kind, name, salt FROM names')) {
    const [id, kind] = [String(row['id']), String(row['kind'])]
    if (row['name'] === null) {
      if (!forgotten.has(id)) flaws.push({ where: `${kind} ${id}`, what: 'has lost its name, and no note says why' })
    } else if (idFor(kind, String(row['name']), String(row['salt'])) !== id)
      flaws.push({ where: `${kind} ${id}`, what: 'has another name than it had' })
  }
  return flaws
}

function* notes(): Work<readonly Note[]> {
  const rows = yield sql('SELECT content FROM notes ORDER BY seq')
  return rows.map((row) => JSON.parse(String(row['content'])) as Note)
}

/** All that is set aside belongs to a try that has not ended. */
function* verifyHolds(): Work<readonly Flaw[]> {
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
