import type { Event, Emit } from '../core/event.ts'
import type { Ledger } from '../core/ledger.ts'
import type { World } from '../core/world.ts'
import type { Books } from '../ledger/books.ts'
import { MemoryLedger } from '../ledger/memory.ts'
import { openLedger } from '../ledger/open.ts'

/** Where what is taken down is kept. */
export interface RecordPlace {
  readonly dataDir: string
  /** Of a PostgreSQL. */
  readonly url: string | undefined
}

/** What the house takes down, and where money is set aside. */
export interface Records {
  readonly ledger: Ledger
  /** Undefined where nothing can be kept. */
  readonly books: Books | undefined
  readonly ready: Promise<void>
  readonly backlog: () => { readonly waiting: number; readonly dropped: number }
  readonly close: () => Promise<void>
}

export interface RecordParts {
  readonly place: RecordPlace
  readonly world: World
  readonly emit: Emit
  readonly syncAll: () => boolean
}

/**
 * Where the folder cannot be written, callers are served at home all the same, and nothing leaves for money: nobody could tell
 * afterwards what was spent.
 */
export async function openRecords({ place, world, emit, syncAll }: RecordParts): Promise<Records> {
  try {
    return await openLedger({ ...place, world, emit, syncAll })
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    const trouble = `Nothing can be kept in ${place.dataDir} (${code}).`
    const text = `${trouble} Requests are not taken down, and nothing is served for money. Set data_dir to a folder that can be written, and start anew.`
    emit({ type: 'notice', level: 'error', text })
    const ledger = new MemoryLedger({ world })
    ledger.trouble = trouble
    const backlog = (): { waiting: number; dropped: number } => ({ waiting: 0, dropped: 0 })
    return { ledger, books: undefined, ready: Promise.resolve(), backlog, close: () => Promise.resolve() }
  }
}

/** Keeps what happens before there is anybody to hear it. */
export class Early {
  #events: Event[] = []
  #emit: Emit = (event) => void this.#events.push(event)

  readonly emit: Emit = (event) => this.#emit(event)

  /** All of it goes there, and what comes from now on. */
  goesTo(emit: Emit): void {
    this.#emit = emit
    for (const event of this.#events.splice(0)) emit(event)
  }
}
