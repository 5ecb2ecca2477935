import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { readHolder, readKeyChange, readNewKey } from '../config/keys.ts'
import type { Caller } from '../core/ask.ts'
import type { Event } from '../core/event.ts'
import type { Settings, TeamSettings } from '../core/settings.ts'
import type { Books } from '../ledger/books.ts'
import { SqliteBooks } from '../ledger/sqlite.ts'
import { Callers } from './callers.ts'
import { type DeskParts, KeyDesk } from './desk.ts'
import { BooksKeyring } from './keyring.ts'
import { pepperIn } from './pepper.ts'

/** A desk and the gateways that share its database, on a clock that is set by hand. */
export class KeyHouse {
  readonly folder = mkdtempSync(join(tmpdir(), 'spillway-keys-'))
  readonly books: Books
  nowMs = Date.parse('2026-11-21T12:00:00Z')
  teams: ReadonlyMap<string, TeamSettings> = new Map()
  callers: Settings['callers'] = []
  env: Record<string, string> = {}
  readonly notices: string[] = []
  readonly #rings: BooksKeyring[] = []
  /** Wakes whoever sleeps. */
  #sleepers: (() => void)[] = []

  constructor(
    t: TestContext,
    open: (folder: string) => Books = (folder) => new SqliteBooks(join(folder, 'ledger.db')),
  ) {
    this.books = open(this.folder)
    t.after(async () => {
      for (const ring of this.#rings) ring.stop()
      this.wake()
      await this.books.close()
      rmSync(this.folder, { recursive: true })
    })
  }

  readonly world = {
    now: () => this.nowMs,
    epochMs: () => this.nowMs,
    sleep: (_: number, signal?: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        this.#sleepers.push(resolve)
        signal?.addEventListener('abort', () => resolve())
      }),
  }

  desk(over: Partial<DeskParts> = {}): KeyDesk {
    return new KeyDesk({
      books: this.books,
      pepper: pepperIn({ dataDir: this.folder, env: this.env }),
      clock: this.world,
      reading: { newKey: readNewKey, change: readKeyChange },
      settings: () => ({ callers: this.callers, teams: this.teams }),
      ...over,
    })
  }

  /** Another gateway, with its keys read. */
  async ring(books: Pick<Books, 'run'> = this.books): Promise<BooksKeyring> {
    const ring = new BooksKeyring({
      books,
      pepper: pepperIn({ dataDir: this.folder, env: this.env }),
      world: this.world,
      emit: (event: Event) => void (event.type === 'notice' && this.notices.push(event.text)),
      teams: () => this.teams,
      holderOf: readHolder,
    })
    this.#rings.push(ring)
    await ring.start()
    return ring
  }

  /** Who a gateway with these keys takes somebody for; undefined for nobody. */
  who(ring: BooksKeyring, key: string | undefined, address?: string): Caller | undefined {
    const callers = new Callers({ callers: this.callers }, { keyring: ring, clock: this.world })
    try {
      return callers.identify(key, address)
    } catch {
      return undefined
    }
  }

  wake(): void {
    for (const wake of this.#sleepers.splice(0)) wake()
  }
}
