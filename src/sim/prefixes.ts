/** Tokens that share a fate in the cache. */
export const blockTokens = 64

/** A token of English is about this many characters; the simulated servers count by it. */
export const charactersPerToken = 4

const blockCharacters = blockTokens * charactersPerToken

export const tokensIn = (text: string): number => Math.ceil(text.length / charactersPerToken)

/** A mark for each whole block of a prompt, made of the block and all that stands before it. */
export function blocksOf(text: string): number[] {
  const blocks = Math.floor(text.length / blockCharacters)
  // Two characters at once: this is done for every prompt, and prompts are long.
  const pairs = new Int32Array((blocks * blockCharacters) / 2)
  Buffer.from(pairs.buffer).write(text, 'utf16le')
  const marks: number[] = []
  let low = 0x9e3779b9
  let high = 0x85ebca6b
  for (let at = 0; at < pairs.length;) {
    for (const end = at + blockCharacters / 2; at < end; at += 1) {
      const pair = pairs[at]!
      low = Math.imul(low ^ pair, 0x01000193)
      high = Math.imul(high ^ pair, 0x5bd1e995)
    }
    marks.push((high >>> 11) * 0x1_0000_0000 + (low >>> 0))
  }
  return marks
}

/** What a server still has of the prompts it has seen: blocks, the least recently used of which go first. */
export class Prefixes {
  readonly #blocksMax: number
  // A Map remembers the order of insertion, which is all that LRU needs.
  readonly #blocks = new Map<number, true>()

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
    for (let at = blocks.length - 1; at >= 0; at -= 1) {
      this.#blocks.delete(blocks[at]!)
      this.#blocks.set(blocks[at]!, true)
    }
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= this.#blocksMax) break
      this.#blocks.delete(oldest)
    }
  }

  clear(): void {
    this.#blocks.clear()
  }
}
