import { readHolder, readKeyChange, readNewKey } from '../config/keys.ts'
import type { Settings } from '../core/settings.ts'
import type { World } from '../core/world.ts'
import type { Emit } from '../core/event.ts'
import { KeyDesk } from '../keys/desk.ts'
import { BooksKeyring } from '../keys/keyring.ts'
import { pepperIn } from '../keys/pepper.ts'
import { type Books, BooksFault } from '../ledger/books.ts'

/** Where what outlives the process is kept: without books, nothing can be, and no key is known. */
export interface Kept {
  readonly books: Books | undefined
  readonly dataDir: string
}

export interface HouseKeys {
  readonly keyring: BooksKeyring
  readonly desk: KeyDesk
}

interface KeyParts {
  readonly world: World
  readonly emit: Emit
  readonly settings: () => Settings
}

/** The keys in the database, and where they are made. What is made there holds here at once. */
export function keysIn({ books = noBooks, dataDir }: Kept, { world, emit, settings }: KeyParts): HouseKeys {
  const pepper = pepperIn({ dataDir, env: process.env })
  const teams = (): NonNullable<Settings['teams']> => settings().teams ?? noTeams
  const keyring = new BooksKeyring({ books, pepper, world, emit, teams, holderOf: readHolder })
  const reading = { newKey: readNewKey, change: readKeyChange }
  return {
    keyring,
    desk: new KeyDesk({ books, pepper, clock: world, reading, settings, changed: () => keyring.look() }),
  }
}

const noBooks: Books = {
  run: () => Promise.reject(new BooksFault('gone', 'Nothing can be kept in the data folder.')),
  close: () => Promise.resolve(),
}

const noTeams: NonNullable<Settings['teams']> = new Map()
