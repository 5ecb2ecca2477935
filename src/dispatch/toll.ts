import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import type { Hold } from '../core/purse.ts'
import { untilGone } from '../core/until-gone.ts'
import type { Usage } from '../core/usage.ts'
import { NetFault } from '../core/world.ts'
import type { Lease } from '../scheduler/scheduler.ts'
import { shopOf } from '../scheduler/means.ts'
import { costsMoney } from '../scheduler/paid.ts'

/** There is no money for it, or never will be, or it cannot be taken down. */
export const isUnpaid = ({ kind }: Fault): boolean =>
  kind === 'over-budget' || kind === 'too-large' || kind === 'ledger-closed'

/** Whether money has to be set aside before a try there. */
export const costsToll = (ask: Ask, { upstream }: Lease): boolean => ask.purse !== undefined && costsMoney(upstream)

/** Sets aside the money for a try. Resolves with the reason where that cannot be done. */
export async function tollFor(ask: Ask, lease: Lease): Promise<Toll | Fault> {
  const purse = ask.purse!
  const shop = shopOf(lease)
  const holding = purse.hold(ask, shop)
  try {
    const hold = await untilGone(holding, ask.signal)
    if (hold !== undefined) return new Toll(hold, roomIn(lease, ask))
  } catch (error) {
    // It may be set aside all the same, when nobody waits for it any more.
    holding.then(
      (hold) => hold?.end(undefined),
      () => {},
    )
    if (ask.signal.aborted || error instanceof Fault) return Fault.from(error, ask.signal)
    return new Fault('ledger-closed', 'Money cannot be set aside at the moment.', { cause: error })
  }
  return purse.refusal(ask, shop) ?? new Fault('over-budget', `There is no money left for ${shop.upstream}.`)
}

/** Servers refuse who allows more than their context holds. A caller who says so means it; what we say for him has to fit. */
function roomIn({ model: { contextTokens } }: Lease, { outputTokensMax, promptTokens }: Ask): number {
  if (contextTokens === undefined || outputTokensMax !== undefined) return Infinity
  return Math.max(1, contextTokens - Math.ceil(promptTokens * promptMargin) - promptMarginTokens)
}

/** A prompt may be counted longer than it was guessed. */
const promptMargin = 1.25
const promptMarginTokens = 64

interface Broken {
  /** Undefined where it was broken off by us. */
  readonly error: unknown
  /** Something of the answer came. */
  readonly hasSpoken: boolean
}

/** The money for one try. It is ended once, by whatever becomes of the try first. */
export class Toll {
  #hold: Hold | undefined
  /** Of each answer, so many tokens are paid for. */
  readonly outputTokensMax: number
  #isSent = false

  constructor(hold: Hold, roomTokens: number) {
    this.#hold = hold
    this.outputTokensMax = hold.outputTokensMax === Infinity ? Infinity : Math.min(hold.outputTokensMax, roomTokens)
  }

  /** The request is about to leave. */
  sent(): void {
    this.#isSent = true
    this.#hold?.sent()
  }

  heard(usage: Usage): void {
    this.#hold?.heard(usage)
  }

  /** All is known that there is to know. */
  settle(usage: Usage): void {
    this.#end(usage)
  }

  /** There was no try. */
  release(): void {
    this.#end(undefined)
  }

  /**
   * It came to nothing, or to no end. Where it cannot have been run it costs nothing: it never left, or the server says
   * itself that it did not begin. Otherwise it may have been, and costs what was heard of it.
   */
  breakOff(usage: Usage, { error, hasSpoken }: Broken): void {
    const isUnbegun =
      !this.#isSent ||
      (error instanceof NetFault && error.unsent) ||
      (error instanceof Fault && error.told && !hasSpoken)
    this.#end(isUnbegun ? undefined : usage)
  }

  /** What is told to people who asked for more. */
  wordsFor({ outputTokensMax, needs }: Ask): string {
    const most = this.outputTokensMax
    if (most >= (outputTokensMax ?? Infinity) || needs.includes('vectors')) return ''
    return outputTokensMax === undefined ? `; at most ${most} tokens` : `; cut to ${most} tokens`
  }

  #end(usage: Usage | undefined): void {
    const hold = this.#hold
    this.#hold = undefined
    hold?.end(usage)
  }
}
