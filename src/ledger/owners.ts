import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { World } from '../core/world.ts'

/**
 * That a process is alive, told by a lock that the system takes from it however it ends. Node has no locks on files, but SQLite
 * takes one: on a file in which there is nothing.
 */
export class Alive {
  readonly #db: DatabaseSync

  private constructor(db: DatabaseSync) {
    this.#db = db
  }

  /** Undefined where somebody else has it. */
  static take(folder: string): Alive | undefined {
    const db = new DatabaseSync(join(folder, 'alive'), { timeout: 0 })
    try {
      db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
      return new Alive(db)
    } catch {
      db.close()
      return undefined
    }
  }

  end(): void {
    this.#db.close()
  }
}

/** A process that sets money aside, with the folder of its journal. */
export interface Owner {
  readonly id: string
  readonly folder: string
  readonly alive: Alive
}

/** What begins so is not finished yet. */
export const unfinished = '.new-'

export function becomeOwner(journals: string, world: Pick<World, 'epochMs' | 'random'>): Owner {
  const chance = Math.floor(world.random() * 0x1_0000_0000_0000).toString(36)
  const id = `${world.epochMs().toString(36)}-${process.pid.toString(36)}-${chance}`
  const made = join(journals, unfinished + id)
  mkdirSync(made, { recursive: true, mode: 0o700 })
  const alive = Alive.take(made)
  if (alive === undefined) throw new Error(`Somebody else has ${made}.`)
  const folder = join(journals, id)
  // Under its own name only now: whoever saw it without its lock would take it for that of a dead process.
  renameSync(made, folder)
  return { id, folder, alive }
}

export function leave({ folder, alive }: Pick<Owner, 'folder' | 'alive'>): void {
  rmSync(folder, { recursive: true, force: true })
  alive.end()
}
