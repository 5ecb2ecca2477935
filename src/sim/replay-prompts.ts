import type { RequestRow } from '../recording/rows.ts'
import { padded } from './padded.ts'
import { charactersPerToken } from './prefixes.ts'

/** How a block that is new begins, or what stands behind all blocks: like others that came from the same place. */
interface Lead {
  /** The block before it, or whose prompt it is. */
  readonly from: string
  /** Of those that began alike; undefined for the first of them, which is like all. */
  readonly tokens: number | undefined
}

/**
 * Prompts of the lengths that were recorded, which are alike as far as those were. Blocks tell of that roughly; where one is new
 * to the recording and the server had more of the prompt all the same, the block begins like others that stood there.
 */
export class Prompts {
  /** By model: blocks are of so many characters, which are now more tokens and now fewer. */
  readonly #blockTokens = new Map<string, number>()
  /** By the place they come from, how much the most alike have in common. */
  readonly #most = new Map<string, number>()
  /** Of blocks that were new where others stood already. */
  readonly #ofBlock = new Map<number, Lead>()
  /** By the number of the request, of one that had no new block. */
  readonly #behind = new Map<number, Lead>()

  constructor(requests: readonly RequestRow[]) {
    for (const [model, rows] of Map.groupBy(requests, (row) => row.model))
      this.#blockTokens.set(model, median(rows.flatMap((row) => row.block_tokens ?? [])))
    const seen = new Set<number>()
    for (const [number, row] of requests.entries()) {
      const { blocks = [], cached_tokens: cachedTokens = 0 } = row
      let known = 0
      while (known < blocks.length && seen.has(blocks[known]!)) known += 1
      for (const block of blocks) seen.add(block)
      const size = this.#sizeFor(row)
      const tokens = Math.min(Math.max(cachedTokens - known * size, 0), Math.max(size - 1, 0))
      const from = known === 0 ? beginningOf(row) : placeBehind(blocks[known - 1]!)
      const most = this.#most.get(from)
      this.#most.set(from, Math.max(most ?? 0, tokens))
      const lead = { from, tokens: known === 0 && most === undefined ? undefined : tokens }
      if (known < blocks.length) this.#ofBlock.set(blocks[known]!, lead)
      else this.#behind.set(number, lead)
    }
  }

  /** So many characters. */
  textOf(row: RequestRow, number: number, length: number): string {
    const blockLength = this.#sizeFor(row) * charactersPerToken
    let text = ''
    let from = beginningOf(row)
    for (const block of row.blocks ?? []) {
      if (text.length >= length) break
      // What is new behind something new is the first that stands there.
      text += this.#begun(this.#ofBlock.get(block) ?? { from, tokens: undefined }).padEnd(blockLength, `${block} `)
      from = placeBehind(block)
    }
    if (text.length < length)
      text += `${this.#begun(this.#behind.get(number) ?? { from, tokens: undefined })}${number}, `
    return padded(text, length, 'and so on ').slice(0, Math.max(length, 1))
  }

  #begun({ from, tokens = this.#most.get(from) ?? 0 }: Lead): string {
    return ''.padEnd(tokens * charactersPerToken, `after ${from}, `)
  }

  #sizeFor({ model }: RequestRow): number {
    return this.#blockTokens.get(model)!
  }
}

/** Where no prompt is long enough to be worth finding again. */
const usualBlockTokens = 256

function median(values: readonly number[]): number {
  return values.length === 0 ? usualBlockTokens : values.toSorted((one, other) => one - other)[values.length >> 1]!
}

const beginningOf = ({ caller, model }: RequestRow): string => `${caller} ${model}`

const placeBehind = (block: number): string => `block ${block}`
