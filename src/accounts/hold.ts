import type { Claim, Ledger, Try } from '../core/ledger.ts'
import type { Price } from '../core/money.ts'
import type { Hold } from '../core/purse.ts'
import type { Usage } from '../core/usage.ts'
import { isBelievable, oddity, settled, unspent } from './settling.ts'

interface HeldParts {
  readonly claim: Claim
  readonly price: Price
  readonly outputTokensMax: number
  readonly ledger: Pick<Ledger, 'sent' | 'heard'>
  /** Called once: with what it came to, and what is odd about that. */
  readonly onEnd: (tried: Try, odd: string | undefined) => void
}

/** Money set aside in the ledger for one try. */
export class HeldMoney implements Hold {
  readonly outputTokensMax: number
  readonly #parts: HeldParts
  #heard: Usage | undefined
  #sent = false
  #over = false

  constructor(parts: HeldParts) {
    this.#parts = parts
    this.outputTokensMax = parts.outputTokensMax
  }

  get claim(): Claim {
    return this.#parts.claim
  }

  /** What is known of it so far. */
  get usage(): Usage | undefined {
    const { promptTokens } = this.#parts.claim
    return this.#heard ?? (this.#sent ? { promptTokens, outputTokens: 0, estimated: true } : undefined)
  }

  sent(): void {
    if (this.#over) return
    this.#sent = true
    this.#parts.ledger.sent(this.#parts.claim)
  }

  heard(usage: Usage): void {
    if (this.#over) return
    this.#heard = usage
    this.#parts.ledger.heard(this.#parts.claim, usage.outputTokens)
  }

  end(usage: Usage | undefined): void {
    if (this.#over) return
    this.#over = true
    const { claim, price, onEnd } = this.#parts
    if (usage === undefined) return onEnd(unspent(claim), undefined)
    const counted = isBelievable(usage) ? usage : this.#counted()
    const seen = this.#heard?.estimated === true ? this.#heard.outputTokens : 0
    const odd =
      counted === usage ? oddity(usage, claim.promptTokens, seen) : 'counted what cannot be a number of tokens'
    onEnd(settled(claim, counted, price), odd)
  }

  /** Where the server's count cannot be one. */
  #counted(): Usage {
    const heard = this.#heard
    if (heard?.estimated === true && isBelievable(heard)) return heard
    return { promptTokens: this.#parts.claim.promptTokens, outputTokens: 0, estimated: true }
  }
}
