import { Recent } from './recent.ts'

/** Tokens that share a fate in the cache. */
export const blockTokens = 64

/** A token of English is about this many characters; the simulated servers count by it. */
export const charactersPerToken = 4

const blockCharacters = blockTokens * charactersPerToken

export const tokensIn = (text: string): number => Math.ceil(text.length / charactersPerToken)

let scratch = new Int32Array(16_384)

/**
 * A mark for each whole block of a prompt, made of the block and all that stands before it. Of a character beyond Latin the lower
 * byte is taken, which is enough to tell texts apart; and four are taken at once, for this is done for every prompt.
 */
export function blocksOf(text: string): number[] {
  const blocks = Math.floor(text.length / blockCharacters)
  const words = (blocks * blockCharacters) / 4
  if (words > scratch.length) scratch = new Int32Array(2 * words)
  Buffer.from(scratch.buffer).write(text, 0, words * 4, 'latin1')
  const marks: number[] = []
  let low = 0x9e3779b9
  let high = 0x85ebca6b
  for (let at = 0; at < words;) {
    for (const end = at + blockCharacters / 4; at < end; at += 1) {
      const word = scratch[at]!
      low = Math.imul(low ^ word, 0x01000193)
      // Without this the last of the four would only ever touch the highest bits.
      high = Math.imul(high ^ (high >>> 15) ^ word, 0x5bd1e995)
    }
    marks.push((high >>> 11) * 0x1_0000_0000 + (low >>> 0))
  }
  return marks
}

/** What a server still has of the prompts it has seen: blocks, the least recently used of which go first. */
export class Prefixes {
  readonly #blocksMax: number
  readonly #blocks = new Recent()

  constructor(blocksMax: number) {
    this.#blocksMax = blocksMax
  }

  /** Tokens of this prompt that need no prefill. */
  cached(blocks: readonly number[]): number {
    let known = 0
    while (known < blocks.length && this.#blocks.has(blocks[known]!)) known += 1
    return known * blockTokens
  }

  /** Remembers them, the head of the prompt as the most recently used: without it the rest is worth nothing. */
  keep(blocks: readonly number[]): void {
    for (let at = blocks.length - 1; at >= 0; at -= 1) this.#blocks.use(blocks[at]!)
    while (this.#blocks.size > this.#blocksMax) this.#blocks.dropOldest()
  }

  clear(): void {
    this.#blocks.clear()
  }
}
