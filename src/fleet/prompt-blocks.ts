import { blocksKnown, type Prefix } from '../core/prefix.ts'
import { MarkTable } from './mark-table.ts'
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

/**
 * The memory of a server that keeps whatever it has read, in blocks, and drops those that were not needed for longest.
 * How much it can hold is learned: age is counted in tokens read since, and what is older than `heldTokens` is gone.
 */
export class PromptBlocks implements PrefixMemory {
  /** When each was last read, by the clock. There is none before something has been read. */
  #marks: MarkTable | undefined
  /** Tokens read so far. */
  #clock = 0
  /** Of those, by visitors who have not left yet. */
  #underWayTokens = 0
  #heldTokens = heldTokensBefore
  /** What was asked last, and the answer: one decision asks several times. */
  #asked: Prefix | undefined
  #share = 0

  cachedTokens(prefix: Prefix, promptTokens: number): number {
    if (prefix !== this.#asked) {
      const since = this.#clock - this.#heldTokens
      this.#share = prefix.share(blocksKnown(prefix, (mark) => this.#readAt(mark) >= since))
      this.#asked = prefix
    }
    return promptTokens * this.#share
  }

  visit(prefix: Prefix, promptTokens: number): BlocksVisit {
    const { marks } = prefix
    const cachedTokens = this.cachedTokens(prefix, promptTokens)
    const seen = blocksKnown(prefix, (mark) => this.#readAt(mark) >= 0)
    const age = seen === 0 ? 0 : this.#clock - this.#readAt(marks[seen - 1]!)
    const isSettled = age > this.#underWayTokens
    this.#asked = undefined
    this.#clock += promptTokens - cachedTokens
    this.#underWayTokens += promptTokens - cachedTokens
    this.#marks ??= new MarkTable()
    for (const mark of marks) this.#marks.see(mark, this.#clock)
    return { promptTokens, cachedTokens, seenTokens: promptTokens * prefix.share(seen), age, isSettled }
  }

  leave(visit: BlocksVisit, toldTokens: number | undefined): void {
    const { promptTokens, cachedTokens, seenTokens, age, isSettled } = visit
    this.#underWayTokens -= promptTokens - cachedTokens
    this.#asked = undefined
    if (toldTokens === undefined || seenTokens < tellingTokens) return
    if (toldTokens >= seenTokens / 2) this.#heldTokens = Math.max(this.#heldTokens, age)
    else if (isSettled && age < this.#heldTokens) this.#heldTokens -= (this.#heldTokens - age * younger) * doubt
  }

  forget(): void {
    this.#marks?.clear()
    this.#asked = undefined
  }

  #readAt(mark: number): number {
    return this.#marks?.seenAt(mark) ?? -Infinity
  }
}
