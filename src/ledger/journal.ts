import { statfsSync } from 'node:fs'
import type { World } from '../core/world.ts'
import { Framer } from './journal-frame.ts'
import { entryIn, type Position, postedRecord } from './journal-record.ts'
import { Segment, type ToDisk } from './journal-segment.ts'
import { type Stretch, Stretches } from './stretch.ts'
import { SyncGroup } from './sync-group.ts'

/** Entries that the books have not got yet, in their order. */
export interface Batch {
  /** Where they lie, or themselves if there was no room for them. */
  readonly of: Stretch | readonly string[]
  readonly entries: number
  /** How far the books have come with it; undefined where it does not lie in the journal. */
  readonly upTo: Position | undefined
}

export interface JournalOptions {
  /** Of this process alone. */
  readonly folder: string
  readonly world: Pick<World, 'sleep'>
  /** Twice as much is reserved on the disk, as far as there is: one that is written to and one that is not. */
  readonly segmentBytes?: number | undefined
  /** The books take so many entries at once. */
  readonly batchMost?: number | undefined
  /** The system's way where it is undefined. */
  readonly toDisk?: ToDisk | undefined
  /** What is to be found in the newest segment, whatever became of those before. */
  readonly carried: () => Iterable<string>
  /** With what is wrong; undefined when nothing is any more. */
  readonly onTrouble: (why: unknown) => void
}

const usualSegmentBytes = 8 * 1024 * 1024

const leastBytes = 32 * 1024

const usualBatchMost = 1_024

/** Nobody should wait for more at the beginning. */
const firstBytes = 256 * 1024

/** Of a disk that is small, not more than such a part of what is free. */
const freePart = 16

/** Of a segment, the part that is left to requests that cost money when there is no other. */
const keptPart = 8

/** When nothing can be written, so many entries wait in memory. */
const homelessMax = 10_000

const againMs = 1_000

/**
 * What has to outlive this process, written down at once and in order, until the books have it. Room for it is taken from the
 * disk beforehand, so that what is under way when the disk fills up can still be taken down.
 */
export class Journal {
  readonly #options: JournalOptions
  readonly #framer = new Framer()
  readonly #carrier = new Framer()
  readonly #syncs = new SyncGroup((texts) => this.#sync(texts))
  /** The last one is written to. */
  readonly #segments: Segment[]
  readonly #dirty = new Set<Segment>()
  readonly #stretches: Stretches
  readonly #homeless: string[] = []
  /** Of those without a place, the ones that were handed to the books. */
  #lent: readonly string[] = []
  readonly #ended = new AbortController()
  #spare: Segment | undefined
  #reserving: Promise<void> | undefined
  #lastNumber: number
  #failure: unknown
  #dropped = 0
  #waiting = 0

  private constructor(options: JournalOptions, first: Segment) {
    this.#options = options
    this.#segments = [first]
    this.#lastNumber = first.number
    this.#stretches = new Stretches(options.batchMost ?? usualBatchMost)
  }

  static async open(options: JournalOptions): Promise<Journal> {
    const { folder, segmentBytes } = options
    let failure: unknown
    const size = Math.min(firstBytes, sizeFor(folder, segmentBytes))
    const first = await Segment.reserve(folder, 1, size).catch((error: unknown) => {
      failure = error
      return Segment.improvise(folder, 1)
    })
    const journal = new Journal(options, first)
    if (failure !== undefined) journal.#fail(failure)
    void journal.#reserve()
    return journal
  }

  /** Entries that the books have not got yet. */
  get waiting(): number {
    return this.#waiting
  }

  /** Entries that found no room anywhere and are lost. */
  get dropped(): number {
    return this.#dropped
  }

  /** A remark that is only of use after a crash. */
  note(text: string): void {
    this.#write(text, true)
  }

  /** How a request ended. It outlives this process when this returns true; where there is no room at all, it is only remembered. */
  add(text: string, isPaid: boolean): boolean {
    this.#waiting += 1
    if (this.#keep(text, isPaid)) return true
    if (this.#homeless.length < homelessMax) {
      this.#homeless.push(text)
    } else {
      this.#waiting -= 1
      this.#dropped += 1
    }
    return false
  }

  /** What was added last outlives the machine when it resolves. */
  synced(text: string): Promise<void> {
    this.#dirty.add(this.#active)
    return this.#syncs.wait(text)
  }

  /** The next entries that the books have not got, and the same again until they have; undefined where they have them all. */
  next(): Batch | undefined {
    const stretch = this.#stretches.first()
    if (stretch !== undefined) {
      const { segment, file, from, to, entries } = stretch
      return { of: { file, from, to, entries }, entries, upTo: { segment, offset: to } }
    }
    if (this.#lent.length === 0) this.#lent = this.#homeless.splice(0, this.#options.batchMost ?? usualBatchMost)
    const entries = this.#lent.length
    if (entries > 0) return { of: this.#lent.map((record) => entryIn(record)!), entries, upTo: undefined }
    this.#forgetBefore(this.#active.number)
    return undefined
  }

  /** The books have these for good. */
  posted({ entries, upTo }: Batch): void {
    this.#waiting -= entries
    if (upTo === undefined) {
      this.#lent = []
      return
    }
    this.#stretches.shift()
    this.#forgetBefore(upTo.segment)
    this.note(postedRecord(upTo))
  }

  /** Nothing is written any more. What the books have not got stays where it is. */
  async close(): Promise<void> {
    this.#ended.abort()
    await this.#reserving
    await this.#spare?.delete()
    const end = (segment: Segment): Promise<void> => (this.#waiting === 0 ? segment.delete() : segment.close())
    await Promise.all(this.#segments.map(end))
  }

  get #active(): Segment {
    return this.#segments.at(-1)!
  }

  /** Writes down what the books are to have; false where there is no room for it. */
  #keep(record: string, isPaid: boolean): boolean {
    const bytes = this.#write(record, isPaid)
    if (bytes > 0) this.#stretches.add(this.#active, bytes)
    return bytes > 0
  }

  /** As so many bytes; none where there is no room for it. */
  #write(record: string, isPaid: boolean): number {
    // The numbers of the files may be those of others by now.
    if (this.#ended.signal.aborted) return 0
    const frame = this.#framer.frame(record)
    const isTight = this.#active.leftBytes < frame.length + (isPaid ? 0 : this.#active.reservedBytes / keptPart)
    if (isTight && this.#spare !== undefined) this.#roll(this.#spare)
    else if (isTight && this.#failure !== undefined && !isPaid) return 0
    try {
      this.#active.append(frame)
      return frame.length
    } catch (error) {
      this.#fail(error)
      return 0
    }
  }

  #roll(next: Segment): void {
    this.#spare = undefined
    this.#segments.push(next)
    try {
      for (const record of this.#options.carried()) next.append(this.#carrier.frame(record))
    } catch (error) {
      this.#fail(error)
    }
    void this.#reserve()
  }

  #fail(error: unknown): void {
    this.#failure = error
    this.#options.onTrouble(error)
    void this.#reserve()
  }

  /** Goes on until there is a spare, and until then nothing is well. */
  #reserve(): Promise<void> {
    this.#reserving ??= this.#seekRoom().finally(() => {
      this.#reserving = undefined
    })
    return this.#reserving
  }

  async #seekRoom(): Promise<void> {
    const { folder, segmentBytes, world } = this.#options
    const { signal } = this.#ended
    while (!signal.aborted && (this.#spare === undefined || this.#failure !== undefined)) {
      try {
        this.#spare ??= await Segment.reserve(folder, this.#number(), sizeFor(folder, segmentBytes))
        if (this.#failure !== undefined) this.#recover(this.#spare)
        if (this.#failure !== undefined) await world.sleep(againMs, signal)
      } catch (error) {
        this.#failure = error
        this.#options.onTrouble(error)
        await world.sleep(againMs, signal)
      }
    }
  }

  /** The segment that could not be written is left as it is. */
  #recover(spare: Segment): void {
    this.#failure = undefined
    this.#roll(spare)
    // Nobody knows whether the books have taken them by now: what is told twice counts once.
    for (const record of this.#lent) if (this.#keep(record, true)) this.#waiting += 1
    while (this.#homeless.length > 0 && this.#keep(this.#homeless[0]!, true)) this.#homeless.shift()
    if (this.#homeless.length === 0) this.#options.onTrouble(undefined)
  }

  async #sync(records: readonly string[]): Promise<void> {
    const { folder, toDisk } = this.#options
    const dirty = [...this.#dirty]
    this.#dirty.clear()
    try {
      await Promise.all(dirty.map((segment) => segment.sync(toDisk)))
    } catch (error) {
      this.#fail(error)
      this.#roll(this.#spare ?? Segment.improvise(folder, this.#number()))
      for (const record of records) {
        if (!this.#keep(record, true)) throw error
        this.#waiting += 1
      }
      await this.#active.sync(toDisk)
    }
  }

  #forgetBefore(segment: number): void {
    while (this.#segments[0]!.number < segment) {
      const past = this.#segments.shift()!
      this.#dirty.delete(past)
      void past.delete()
    }
  }

  #number(): number {
    this.#lastNumber += 1
    return this.#lastNumber
  }
}

/** Of a disk that is small, not much of what is free. */
function sizeFor(folder: string, wanted: number = usualSegmentBytes): number {
  const { bavail, bsize } = statfsSync(folder)
  return Math.max(leastBytes, Math.min(wanted, Math.floor((bavail * bsize) / freePart)))
}
