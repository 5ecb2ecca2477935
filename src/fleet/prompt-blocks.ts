import { blocksKnown, type Prefix } from '../core/prefix.ts'
import type { PrefixMemory, Visit } from './prefix-memory.ts'

interface BlocksVisit extends Visit {
  /** What of it had ever been read there, gone or not, and how many tokens were read since. */
  readonly seenTokens: number
  readonly age: number
  /** Those before it had by then ended or not: what they read may not have been there yet. */
  readonly isSettled: boolean
}

/** What a large card holds. Too high is found out by asking for what has gone, too low would not be found out so soon. */
const heldTokensBefore = 2_000_000
/** How far each prompt that was not there any more takes back the belief. */
const doubt = 0.25
/** What has gone at some age went a little before. */
const younger = 0.8
/** Shorter ones say little: servers count in blocks of their own, and the end of a prompt is always read anew. */
const tellingTokens = 512
/** A mark takes about 30 bytes here: half a megabyte for each model on each server, at the most. */
const marksMax = 16_384

/**
 * The memory of a server that keeps whatever it has read, in blocks, and drops those that were not needed for longest.
 * How much it can hold is learned: age is counted in tokens read since, and what is older than `heldTokens` is gone.
 */
export class PromptBlocks implements PrefixMemory {
  /** Mark → when it was last read. Two halves, so that the older one can be dropped whole. */
  #recent = new Map<number, number>()
  #older = new Map<number, number>()
  /** Tokens read so far. */
  #clock = 0
  /** Of those, by visitors who have not left yet. */
  #underWayTokens = 0
  #heldTokens = heldTokensBefore

  cachedTokens(prefix: Prefix, promptTokens: number): number {
    const since = this.#clock - this.#heldTokens
    return promptTokens * prefix.share(blocksKnown(prefix, (mark) => this.#readAt(mark) >= since))
  }

  visit(prefix: Prefix, promptTokens: number): BlocksVisit {
    const { marks } = prefix
    const cachedTokens = this.cachedTokens(prefix, promptTokens)
    const seen = blocksKnown(prefix, (mark) => this.#readAt(mark) >= 0)
    const age = seen === 0 ? 0 : this.#clock - this.#readAt(marks[seen - 1]!)
    const isSettled = age > this.#underWayTokens
    this.#clock += promptTokens - cachedTokens
    this.#underWayTokens += promptTokens - cachedTokens
    for (const mark of marks) this.#recent.set(mark, this.#clock)
    if (this.#recent.size >= marksMax / 2) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    return { promptTokens, cachedTokens, seenTokens: promptTokens * prefix.share(seen), age, isSettled }
  }

  leave(visit: BlocksVisit, toldTokens: number | undefined): void {
    const { promptTokens, cachedTokens, seenTokens, age, isSettled } = visit
    this.#underWayTokens -= promptTokens - cachedTokens
    if (toldTokens === undefined || seenTokens < tellingTokens) return
    if (toldTokens >= seenTokens / 2) this.#heldTokens = Math.max(this.#heldTokens, age)
    else if (isSettled && age < this.#heldTokens) this.#heldTokens -= (this.#heldTokens - age * younger) * doubt
  }

  forget(): void {
    this.#recent.clear()
    this.#older.clear()
  }

  #readAt(mark: number): number {
    return this.#recent.get(mark) ?? this.#older.get(mark) ?? -Infinity
  }
}
