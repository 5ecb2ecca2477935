import { writeSync, openSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { Emit } from '../core/event.ts'
import { Gathering } from '../core/gathering.ts'
import type { RecordingSettings } from '../core/settings.ts'
import { standStill } from '../core/stand-still.ts'
import type { World } from '../core/world.ts'
import type { Tape } from './recorder.ts'
import { Shelf, usualTouchMs } from './shelf.ts'

export interface ReelsParts {
  readonly folder: string
  readonly world: Pick<World, 'now' | 'epochMs' | 'random'>
  readonly emit: Emit
  /** Undefined: nothing is to be recorded now. */
  readonly bounds: () => RecordingSettings | undefined
  /** Lines of so long are written together. */
  readonly gatherMs?: number
  /** How long after a failed write the next one is tried. */
  readonly restMs?: number
  readonly touchEveryMs?: number
}

/** What may wait to be written. Beyond it lines are dropped: what happened is worth less than what happens. */
const waitingMax = 8 * 1024 * 1024

/** One file, from its first line to its last. */
interface Reel {
  readonly number: number
  readonly name: string
  /** By the date: the next midnight here. */
  readonly endsAt: number
  /** There once the first lines are written. */
  handle: FileHandle | undefined
  /** Of it, given to be written or held back. */
  bytes: number
  /** It could not be written: nothing that belongs into it goes anywhere. */
  isLost: boolean
}

/** Lines for one file. */
interface Batch {
  readonly reel: Reel
  readonly bytes: Buffer
  readonly lines: number
  readonly isLast: boolean
}

/**
 * Lines, in files that are never larger than they may be and begin anew with each day. They are written together, off the path of
 * whoever is served. What goes wrong costs the lines of its time, is said once, and is tried again.
 */
export class Reels implements Tape {
  readonly #parts: Required<ReelsParts>
  readonly #shelf: Shelf
  readonly #touching: NodeJS.Timeout
  readonly #counts = { rows: 0, dropped: 0, bytes: 0 }
  #reel: Reel | undefined
  #files = 0
  readonly #held = new Gathering()
  #heldLines = 0
  #timer: NodeJS.Timeout | undefined
  #batches: Batch[] = []
  #waiting = 0
  #running: Promise<void> | undefined
  #restsUntil = -Infinity
  #isInTrouble = false

  constructor({ gatherMs = 250, restMs = 2_000, touchEveryMs = usualTouchMs, ...parts }: ReelsParts) {
    this.#parts = { ...parts, gatherMs, restMs, touchEveryMs }
    this.#shelf = new Shelf(parts.folder, parts.world)
    this.#touching = setInterval(this.#turn, touchEveryMs).unref()
    process.on('exit', this.#lastWords)
  }

  /** Lines that are in a file, those that are in none, and bytes, since the process began. */
  get counts(): { readonly rows: number; readonly dropped: number; readonly bytes: number } {
    return this.#counts
  }

  file(): number | undefined {
    const { bounds, world } = this.#parts
    const allowed = bounds()
    if (allowed === undefined) {
      this.#cut()
      return undefined
    }
    if (this.#waiting > waitingMax || world.now() < this.#restsUntil) {
      this.#counts.dropped += 1
      return undefined
    }
    const nowMs = world.epochMs()
    if (this.#reel !== undefined && (this.#reel.bytes >= allowed.fileBytes || nowMs >= this.#reel.endsAt)) this.#cut()
    return (this.#reel ??= this.#begun(nowMs)).number
  }

  write(line: string): void {
    const bytes = this.#held.add(line)
    this.#reel!.bytes += bytes
    this.#waiting += bytes
    this.#heldLines += 1
    this.#timer ??= setTimeout(this.#turn, this.#parts.gatherMs).unref()
  }

  /** Resolves when all is written that can be. */
  async close(): Promise<void> {
    clearInterval(this.#touching)
    this.#cut()
    await this.#running
    process.off('exit', this.#lastWords)
  }

  #begun(nowMs: number): Reel {
    const today = new Date(nowMs)
    const endsAt = new Date(today.getFullYear(), today.getMonth(), today.getDate() + 1).getTime()
    const name = this.#shelf.newName()
    return { number: (this.#files += 1), name, endsAt, handle: undefined, bytes: 0, isLost: false }
  }

  #cut(): void {
    if (this.#reel !== undefined) this.#give(this.#reel, true)
    this.#reel = undefined
  }

  readonly #turn = (): void => {
    if (this.#reel !== undefined) this.#give(this.#reel, false)
  }

  #give(reel: Reel, isLast: boolean): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#batches.push({ reel, bytes: this.#held.take(), lines: this.#heldLines, isLast })
    this.#heldLines = 0
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    // Only once it is known as the one that runs.
    await Promise.resolve()
    for (let batch = this.#batches.shift(); batch !== undefined; batch = this.#batches.shift()) await this.#do(batch)
    this.#running = undefined
  }

  async #do(batch: Batch): Promise<void> {
    const { reel, bytes, lines, isLast } = batch
    this.#waiting -= bytes.length
    if (reel.isLost) return void (this.#counts.dropped += lines)
    try {
      await this.#put(reel, bytes)
      this.#counts.rows += lines
      this.#counts.bytes += bytes.length
      this.#held.giveBack(bytes)
      if (isLast) await this.#end(reel)
      this.#isWell()
    } catch (error) {
      this.#counts.dropped += lines
      await this.#lose(reel, error as NodeJS.ErrnoException)
    }
  }

  async #put(reel: Reel, bytes: Buffer): Promise<void> {
    const bounds = this.#parts.bounds()
    if (bytes.length === 0) {
      // Nothing happened for long: whoever else cleans up here sees that it is not forgotten.
      const now = new Date(this.#parts.world.epochMs())
      await reel.handle?.utimes(now, now)
      if (bounds !== undefined && reel.handle !== undefined) await this.#shelf.prune(bounds)
      return
    }
    reel.handle ??= await this.#shelf.begin(reel.name, bounds ?? boundless)
    await reel.handle.appendFile(bytes)
    const { nlink } = await reel.handle.stat()
    if (nlink === 0) throw Object.assign(new Error('Somebody has taken it away.'), { code: 'ENOENT' })
  }

  async #end({ handle, name }: Reel): Promise<void> {
    if (handle === undefined) return
    await handle.close()
    await this.#shelf.end(name)
  }

  /** What is in it stays, up to the line that is torn; what would have come next begins another. */
  async #lose(reel: Reel, error: NodeJS.ErrnoException): Promise<void> {
    const { folder, world, emit, restMs } = this.#parts
    reel.isLost = true
    this.#restsUntil = world.now() + restMs
    if (this.#reel === reel) this.#cut()
    if (reel.handle !== undefined) await this.#leave(reel.name, reel.handle).catch(() => {})
    if (this.#isInTrouble) return
    this.#isInTrouble = true
    const text = `Nothing can be recorded in ${folder} (${error.code ?? 'unknown'}). Requests are served all the same; it is tried again.`
    emit({ type: 'notice', level: 'warn', text })
  }

  async #leave(name: string, handle: FileHandle): Promise<void> {
    const { size } = await handle.stat()
    await handle.close()
    await (size === 0 ? this.#shelf.drop(name) : this.#shelf.end(name))
  }

  #isWell(): void {
    if (!this.#isInTrouble) return
    this.#isInTrouble = false
    const text = `Requests are recorded again in ${this.#parts.folder}. Lines that are missing: ${this.#counts.dropped}.`
    this.#parts.emit({ type: 'notice', level: 'info', text })
  }

  /** The process ends without having closed anything: what is held back goes where it belongs, if that can be done at once. */
  readonly #lastWords = (): void => {
    // What the system was given, it takes in a moment.
    if (this.#running !== undefined) standStill(lastMs)
    if (this.#reel !== undefined)
      this.#batches.push({ reel: this.#reel, bytes: this.#held.take(), lines: 0, isLast: true })
    for (const { reel, bytes } of this.#batches) {
      if (bytes.length === 0 || reel.isLost) continue
      try {
        const fd = reel.handle?.fd ?? openSync(this.#shelf.pathOf(reel.name), 'a', 0o600)
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
      } catch {
        return
      }
    }
  }
}

const lastMs = 20

/** They have just been switched off: nothing is let go for what is written yet. */
const boundless: RecordingSettings = { fileBytes: 0, keepBytes: Infinity, keepMs: Infinity }
