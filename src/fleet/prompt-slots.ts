import { blocksKnown, type Prefix } from '../core/prefix.ts'
import type { PrefixMemory, Visit } from './prefix-memory.ts'

/** A prompt that has so much in common with a slot's is read there, over what was behind that. */
const takesOver = 0.1

/** The memory of a server that keeps in each of its slots the prompt it has read last. */
export class PromptSlots implements PrefixMemory {
  readonly #slots: () => number
  /** The one read last at the end. */
  readonly #marks: Int32Array[] = []

  /** `slots` is how many there are, as far as is known. */
  constructor(slots: () => number) {
    this.#slots = slots
  }

  cachedTokens(prefix: Prefix, promptTokens: number): number {
    let known = 0
    for (const marks of this.#marks) known = Math.max(known, common(prefix, marks))
    return promptTokens * prefix.share(known)
  }

  visit(prefix: Prefix, promptTokens: number): Visit {
    let known = 0
    let best = 0
    this.#marks.forEach((marks, slot) => {
      const blocks = common(prefix, marks)
      if (blocks <= known) return
      known = blocks
      best = slot
    })
    const share = prefix.share(known)
    if (share >= takesOver) this.#marks.splice(best, 1)
    this.#marks.push(prefix.marks)
    const surplus = this.#marks.length - Math.max(1, this.#slots())
    if (surplus > 0) this.#marks.splice(0, surplus)
    return { promptTokens, cachedTokens: promptTokens * share }
  }

  /** There is nothing to learn: how many slots there are is known from elsewhere. */
  leave(): void {}

  forget(): void {
    this.#marks.length = 0
  }
}

const common = (prefix: Prefix, marks: Int32Array): number =>
  blocksKnown(prefix, (mark, block) => marks[block] === mark)
