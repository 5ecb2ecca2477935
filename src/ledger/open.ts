import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Emit } from '../core/event.ts'
import type { Ledger } from '../core/ledger.ts'
import type { World } from '../core/world.ts'
import type { Books } from './books.ts'
import { Care } from './care.ts'
import { Drain } from './drain.ts'
import { Holds } from './holds.ts'
import { Journal } from './journal.ts'
import { JournaledLedger, TriesUnderWay } from './ledger.ts'
import { becomeOwner, leave, type Owner } from './owners.ts'
import { PostgresBooks } from './postgres-books.ts'
import { closeWhatDidNot } from './recovery.ts'
import { SqliteBooks } from './sqlite.ts'
import { Trouble } from './trouble.ts'

export interface LedgerOptions {
  /** Where the journal is, and SQLite's file. */
  readonly dataDir: string
  /** Of a PostgreSQL, for books that several gateways share. */
  readonly url?: string | undefined
  /** Others than those that the folder or the address names. */
  readonly books?: Books | undefined
  readonly world: World
  readonly emit: Emit
  /** Every request is on the disk before its caller hears the end, and not only those that cost money. */
  readonly syncAll?: (() => boolean) | undefined
  /** Of the journal; the usual size where it is undefined. */
  readonly segmentBytes?: number | undefined
}

export interface OpenLedger {
  readonly ledger: Ledger
  readonly books: Books
  /** When the books were opened and looked through, or could not be. */
  readonly ready: Promise<void>
  /** Entries that are in the journal and not in the books, and those that found no room anywhere. */
  readonly backlog: () => { readonly waiting: number; readonly dropped: number }
  /** Enters what is left, and ends. */
  readonly close: () => Promise<void>
}

/** Books that do not answer are not waited for when all else has ended: what they have not got is in the journal. */
const closingMostMs = 5_000

/** Opens the ledger and ends what dead processes left behind. It throws where nothing can be written at all. */
export async function openLedger(options: LedgerOptions): Promise<OpenLedger> {
  const { dataDir, url, world, emit, syncAll = () => false, segmentBytes } = options
  const journals = join(dataDir, 'journal')
  mkdirSync(journals, { recursive: true, mode: 0o700 })
  const owner = becomeOwner(journals, world)
  const underWay = new TriesUnderWay()
  const trouble = new Trouble(emit)
  const journal = await Journal.open({
    folder: owner.folder,
    world,
    segmentBytes,
    carried: () => underWay.records(),
    onTrouble: (why) => (why === undefined ? trouble.end('journal') : trouble.begin('journal', why)),
  })
  const books =
    options.books ?? (url === undefined ? new SqliteBooks(join(dataDir, 'ledger.db')) : new PostgresBooks(url))
  const drain = new Drain({ journal, books, world, trouble, emit, folder: journals })
  const dropped = (): number => journal.dropped
  const holds = new Holds({ books, owner: owner.id, world, trouble })
  const care = new Care({ owner, books, holds, trouble, world, emit, journals, isShared: url !== undefined, dropped })
  const ready = care.begin()
  const close = async (): Promise<void> => {
    await care.end()
    await drain.end()
    await journal.close()
    await leaveBooks(owner, { journal, books, underWay, world })
    await books.close()
  }
  let closed: Promise<void> | undefined
  return {
    ready,
    ledger: new JournaledLedger({ journal, books, drain, holds, underWay, trouble, world, syncAll }),
    books,
    backlog: () => ({ waiting: journal.waiting, dropped: dropped() }),
    close: () => (closed ??= within(closingMostMs, close(), world)),
  }
}

/** It goes on, but nobody waits for it any longer than that. */
async function within(mostMs: number, work: Promise<void>, world: Pick<World, 'sleep'>): Promise<void> {
  const done = new AbortController()
  await Promise.race([work.finally(() => done.abort()), world.sleep(mostMs, done.signal)])
}

/** Takes its name out of the books; where they cannot be reached, whoever starts next finds the journal and does it. */
async function leaveBooks(
  owner: Owner,
  parts: { journal: Journal; books: Books; underWay: TriesUnderWay; world: World },
): Promise<void> {
  const { journal, books, underWay, world } = parts
  if (journal.waiting > 0) return owner.alive.end()
  try {
    await closeWhatDidNot(owner.id, underWay.heard, { books, world })
    leave(owner)
  } catch {
    owner.alive.end()
  }
}
