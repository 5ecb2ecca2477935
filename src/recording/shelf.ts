import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RecordingSettings } from '../core/settings.ts'
import type { World } from '../core/world.ts'

/** The folder of recordings among what is kept. */
export const recordingsIn = (dataDir: string): string => join(dataDir, 'recordings')

/** Whoever writes a file touches it this often, and one that was not touched for that long is nobody's any more. */
export const usualTouchMs = 10 * 60_000
const abandonedMs = 6 * usualTouchMs

/** Sorted by name they are sorted by time. While one is written to, its name says so. */
const named = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z-\d+-[0-9a-z]{4}(\.open)?\.jsonl$/
const openEnd = '.open.jsonl'
const closedEnd = '.jsonl'

/** Whether somebody writes to it: by its name, and by when it was last touched. */
export const isWrittenTo = (name: string, touchedMs: number, nowMs: number): boolean =>
  name.endsWith(openEnd) && nowMs - touchedMs < abandonedMs

/** A folder of recordings, several processes of which may write to files of their own. */
export class Shelf {
  readonly #folder: string
  readonly #world: Pick<World, 'epochMs'>
  /** Sets this process apart from one of the same number on another machine. */
  readonly #chance: string
  #lastMs = 0

  constructor(folder: string, world: Pick<World, 'epochMs' | 'random'>) {
    this.#folder = folder
    this.#world = world
    this.#chance = Math.floor(world.random() * 36 ** 4)
      .toString(36)
      .padStart(4, '0')
  }

  /** A name that no file has. */
  newName(): string {
    this.#lastMs = Math.max(this.#lastMs + 1, Math.floor(this.#world.epochMs()))
    return `${new Date(this.#lastMs).toISOString().replaceAll(/[:.]/g, '-')}-${process.pid}-${this.#chance}`
  }

  /** Where it is while it is written to. */
  pathOf(name: string): string {
    return join(this.#folder, name + openEnd)
  }

  async begin(name: string, bounds: RecordingSettings): Promise<FileHandle> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    await this.prune(bounds)
    return open(this.pathOf(name), 'ax', 0o600)
  }

  async end(name: string): Promise<void> {
    await rename(this.pathOf(name), join(this.#folder, name + closedEnd))
  }

  /** It was begun and nothing is in it. */
  async drop(name: string): Promise<void> {
    await rm(this.pathOf(name), { force: true })
  }

  /** Lets the oldest go, until there is room for a whole file beside those that stay: never one that somebody writes to. */
  async prune({ keepMs, keepBytes, fileBytes }: RecordingSettings): Promise<void> {
    const nowMs = this.#world.epochMs()
    const found = await this.#found()
    let bytes = found.reduce((sum, file) => sum + file.bytes, 0)
    for (const file of found) {
      const isTooOld = nowMs - file.touchedMs > keepMs
      if (isWrittenTo(file.name, file.touchedMs, nowMs) || (!isTooOld && bytes + fileBytes <= keepBytes)) continue
      await rm(join(this.#folder, file.name), { force: true })
      bytes -= file.bytes
    }
  }

  /** The oldest first. */
  async #found() {
    const names = (await readdir(this.#folder)).filter((name) => named.test(name)).sort()
    const files = names.map(async (name) => {
      // Another process may have let it go meanwhile.
      const { size, mtimeMs } = await stat(join(this.#folder, name)).catch(() => ({ size: 0, mtimeMs: Infinity }))
      return { name, bytes: size, touchedMs: mtimeMs }
    })
    return Promise.all(files)
  }
}
