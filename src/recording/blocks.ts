import type { Prefix } from '../core/prefix.ts'

/** Marks that are remembered at least, and at most twice as many: a few megabytes. */
const rememberedMin = 32_768

/**
 * Numbers for what prompts begin with, in the order in which it is first seen: equal numbers are equal text, and nothing else
 * can be told from them. What was not seen for long is forgotten, and gets another number when it comes again.
 */
export class BlockNumbers {
  /** The first number of each mark: those seen of late, and those seen before that. */
  #young = new Map<number, number>()
  #old = new Map<number, number>()
  #next = 0

  /** One for every block of equal size; later marks stand for several of them. */
  of(prefix: Prefix): number[] {
    const numbers: number[] = []
    const { marks } = prefix
    const unit = prefix.share(1)
    let end = 0
    for (let at = 0; at < marks.length; at += 1) {
      const begin = end
      end = Math.round(prefix.share(at + 1) / unit)
      const first = this.#firstOf(marks[at]!, end - begin)
      for (let block = 0; block < end - begin; block += 1) numbers.push(first + block)
    }
    return numbers
  }

  /** Numbers begin anew, and mean nothing of what they meant. */
  restart(): void {
    this.#young.clear()
    this.#old.clear()
    this.#next = 0
  }

  #firstOf(mark: number, blocks: number): number {
    const young = this.#young.get(mark)
    if (young !== undefined) return young
    let first = this.#old.get(mark)
    if (first === undefined) {
      first = this.#next
      this.#next += blocks
    }
    if (this.#young.size === rememberedMin) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(mark, first)
    return first
  }
}
