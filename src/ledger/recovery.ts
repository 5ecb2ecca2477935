import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry } from '../core/ledger.ts'
import type { World } from '../core/world.ts'
import type { Books } from './books.ts'
import { recordsFrom } from './journal-reader.ts'
import { entryIn, Remains } from './journal-record.ts'
import { segmentNumber } from './journal-segment.ts'
import { orphansOf } from './orphans.ts'
import { Alive, leave, unfinished } from './owners.ts'
import { post } from './posting.ts'

export interface RecoveryParts {
  /** Where the journals of all processes are that share this disk. */
  readonly journals: string
  readonly books: Books
  readonly world: Pick<World, 'epochMs'>
  /** The process itself. */
  readonly self: string
}

/** What came to light of processes that are gone. */
export interface Recovered {
  readonly processes: number
  /** Requests whose end stood in a journal, and those that never came to one. */
  readonly closed: number
  readonly orphans: number
  /** Sentences about those that could not be entered. */
  readonly refused: readonly string[]
}

const batchMost = 256

/** So long a folder may be on its way to become one. */
const beginningMs = 60_000

/** Other machines say so often that they are alive, and are taken at their word for so long. */
export const heartbeatMs = 15_000
const silentMs = 4 * heartbeatMs

/** Ends what processes left behind that are gone. What several of them do at once, or twice, is done once. */
export async function recover(parts: RecoveryParts): Promise<Recovered> {
  const { journals, books, self } = parts
  // Whoever has set something aside had a folder before.
  const holders = await books.run('holdOwners')
  const found = { processes: 0, closed: 0, orphans: 0, refused: [] as string[] }
  const here = readdirSync(journals, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  for (const { name } of here) {
    if (name === self) continue
    const folder = join(journals, name)
    if (name.startsWith(unfinished)) clear(folder, parts)
    else add(found, await recoverOwner(name, folder, parts))
  }
  const known = new Set(here.map(({ name }) => name))
  for (const owner of holders) {
    if (owner === self || known.has(owner)) continue
    found.orphans += await expire(owner, parts)
  }
  return found
}

/** Of one whose journal is here; nothing, where it is alive. */
async function recoverOwner(id: string, folder: string, parts: RecoveryParts): Promise<Recovered | undefined> {
  let alive: Alive | undefined
  try {
    alive = Alive.take(folder)
  } catch {
    // Somebody else has just done it all, and the folder is gone.
  }
  if (alive === undefined) return undefined
  try {
    const closed = await closeWhatEnded(folder, parts)
    const orphans = await closeWhatDidNot(id, closed.remains.heard, parts)
    leave({ folder, alive })
    return { processes: 1, closed: closed.count, orphans, refused: closed.refused }
  } catch (error) {
    alive.end()
    throw error
  }
}

async function closeWhatEnded(
  folder: string,
  { books, journals }: RecoveryParts,
): Promise<{ readonly remains: Remains; readonly count: number; readonly refused: readonly string[] }> {
  const remains = new Remains()
  for (const { text } of recordsIn(folder)) remains.read(text)
  let count = 0
  let batch: string[] = []
  const refused: string[] = []
  const flush = async (): Promise<void> => {
    count += batch.length
    if (batch.length > 0) refused.push(...(await post(books, batch, journals)))
    batch = []
  }
  const { posted } = remains
  for (const { text, segment, end } of recordsIn(folder)) {
    const entry = entryIn(text)
    const isPosted = segment < posted.segment || (segment === posted.segment && end <= posted.offset)
    if (entry === undefined || isPosted) continue
    if (batch.push(entry) === batchMost) await flush()
  }
  await flush()
  return { remains, count, refused }
}

export async function closeWhatDidNot(
  owner: string,
  heard: ReadonlyMap<string, number>,
  { books, world }: Pick<RecoveryParts, 'books' | 'world'>,
): Promise<number> {
  const claims = await books.run('openHolds', owner)
  const entries = orphansOf(claims, (id) => heard.get(id), world.epochMs())
  if (entries.length > 0) await books.run('close', entries)
  await books.run('forgetOwner', owner)
  return entries.length
}

/**
 * Of one whose journal is not here: on another machine, or lost. It is waited for until nobody can be waiting for its answers
 * any more; then they are taken to have left, and nothing to have been heard of them.
 */
async function expire(owner: string, { books, world }: RecoveryParts): Promise<number> {
  const now = world.epochMs()
  const seen = (await books.run('listOwners')).find(({ id }) => id === owner)
  if (seen !== undefined && seen.seenAt > now - silentMs) return 0
  const claims = (await books.run('openHolds', owner)).filter(({ expiresAt }) => expiresAt < now)
  const entries: readonly Entry[] = orphansOf(claims, () => 0, now)
  if (entries.length > 0) await books.run('close', entries)
  return entries.length
}

/** Of a process that was gone before it had begun. */
function clear(folder: string, { world }: RecoveryParts): void {
  try {
    if (statSync(folder).mtimeMs > world.epochMs() - beginningMs) return
    const alive = Alive.take(folder)
    if (alive !== undefined) leave({ folder, alive })
  } catch {
    // It has become one meanwhile, or somebody else has cleared it.
  }
}

function* recordsIn(
  folder: string,
): Generator<{ readonly text: string; readonly segment: number; readonly end: number }> {
  for (const name of readdirSync(folder).sort()) {
    const segment = segmentNumber(name)
    if (segment === undefined) continue
    const whole = readFileSync(join(folder, name))
    const bytes = { read: (at: number, most: number) => whole.subarray(at, at + most) }
    for (const { text, end } of recordsFrom(bytes, 0)) yield { text, segment, end }
  }
}

function add(
  sum: { processes: number; closed: number; orphans: number; readonly refused: string[] },
  more: Recovered | undefined,
): void {
  sum.processes += more?.processes ?? 0
  sum.closed += more?.closed ?? 0
  sum.orphans += more?.orphans ?? 0
  sum.refused.push(...(more?.refused ?? []))
}
