import { Fault, type FaultKind } from '../../src/core/fault.ts'
import type { Hold, Purse, Shop, Wanted } from '../../src/core/purse.ts'
import type { Layer } from '../../src/core/serve.ts'
import type { Usage } from '../../src/core/usage.ts'

/** What became of the money for one try. */
export interface Held {
  readonly upstream: string
  readonly model: string
  readonly wanted: Wanted
  isSent: boolean
  /** Tokens of the answer that it was told of last. */
  heard: number
  /** Undefined while it is held. */
  ended: { readonly usage: Usage | undefined } | undefined
}

/** A purse that holds what a test says, and remembers everything. */
export class FakePurse implements Purse {
  readonly held: Held[] = []
  /** Who gets nothing. */
  readonly closed = new Set<string>()
  /** Who is affordable by the look of it, and is not when it comes to paying. */
  readonly shortOf = new Set<string>()
  outputTokensMax = 1_000
  /** What paying waits for. */
  slowness: Promise<void> = Promise.resolve()
  /** What it says to those who get nothing. */
  refuses: FaultKind = 'over-budget'
  /** What is thrown instead of paying. */
  trouble: Error | undefined
  looks = 0

  affords(_wanted: Wanted, { upstream }: Shop): boolean {
    this.looks += 1
    return !this.closed.has(upstream)
  }

  async hold(wanted: Wanted, { upstream, model }: Shop): Promise<Hold | undefined> {
    await this.slowness
    if (this.trouble !== undefined) throw this.trouble
    if (this.closed.has(upstream) || this.shortOf.has(upstream)) return undefined
    const held: Held = { upstream, model, wanted, isSent: false, heard: 0, ended: undefined }
    this.held.push(held)
    return {
      outputTokensMax: Math.min(this.outputTokensMax, wanted.outputTokensMax ?? Infinity),
      sent: () => {
        if (held.isSent) throw new Error('It was sent twice.')
        held.isSent = true
      },
      heard: ({ outputTokens }) => void (held.heard = outputTokens),
      end: (usage) => {
        if (held.ended !== undefined) throw new Error('It was ended twice.')
        held.ended = { usage }
      },
    }
  }

  refusal(_wanted: Wanted, { upstream }: Shop): Fault | undefined {
    if (!this.closed.has(upstream) && !this.shortOf.has(upstream)) return undefined
    return new Fault(this.refuses, `The budget for ${upstream} is spent.`, { retryAfterMs: 60_000 })
  }

  /** All asks pay with it. */
  get layer(): Layer {
    return (next) => (ask) => next({ ...ask, purse: this })
  }

  /** What each try came to: its tokens, `free` where nothing was charged, `open` where it was never ended. */
  get tries(): readonly string[] {
    return this.held.map(({ upstream, ended }) => {
      if (ended === undefined) return `${upstream}: open`
      const { usage } = ended
      if (usage === undefined) return `${upstream}: free`
      const { promptTokens, outputTokens, estimated = false } = usage
      return `${upstream}: ${promptTokens}+${outputTokens}${estimated ? ' estimated' : ''}`
    })
  }
}
