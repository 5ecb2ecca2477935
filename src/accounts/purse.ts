import type { Caller } from '../core/ask.ts'
import type { Fault } from '../core/fault.ts'
import type { Try } from '../core/ledger.ts'
import type { Hold, Purse, Shop, Wanted } from '../core/purse.ts'
import type { Outcome } from '../core/reply.ts'
import type { HeldMoney } from './hold.ts'

/** Who answers for purses. */
export interface Till {
  affords(caller: Caller, wanted: Wanted, shop: Shop): boolean
  hold(purse: AskPurse, wanted: Wanted, shop: Shop): Promise<Hold | undefined>
  refusal(caller: Caller, wanted: Wanted, shop: Shop): Fault | undefined
}

/** Where an ask was given a place, the last time. */
export interface Granted {
  readonly upstream: string
  readonly tier: number
  readonly spilled: boolean
}

/** The purse of one ask: what was set aside for it, and what its tries came to. */
export class AskPurse implements Purse {
  /** Under which the ask is taken down. An id that a caller has chosen may come twice; this one does not. */
  readonly id: string
  readonly caller: Caller
  readonly open = new Set<HeldMoney>()
  readonly tries: Try[] = []
  granted: Granted | undefined
  /** The same, where it cost nothing: of that there is no try. */
  grantedAtHome: Granted | undefined
  /** The ledger did not set anything aside for it when it was asked. */
  trouble: Fault | undefined
  /** Once it is taken down what its tries came to, hears of one that ends later all the same. */
  onLate: ((tried: Try) => void) | undefined
  readonly #till: Till
  #claims = 0
  #dispatches = 0

  constructor(id: string, caller: Caller, till: Till) {
    this.id = id
    this.caller = caller
    this.#till = till
  }

  affords(wanted: Wanted, shop: Shop): boolean {
    return this.#till.affords(this.caller, wanted, shop)
  }

  hold(wanted: Wanted, shop: Shop): Promise<Hold | undefined> {
    return this.#till.hold(this, wanted, shop)
  }

  refusal(wanted: Wanted, shop: Shop): Fault | undefined {
    return this.#till.refusal(this.caller, wanted, shop) ?? this.trouble
  }

  nextClaimId(): string {
    this.#claims += 1
    return `${this.id}/${this.#claims}`
  }

  /** For the first time an ask is dispatched, itself; an application may do so again, and that is an entry of its own. */
  dispatched(): AskPurse {
    this.#dispatches += 1
    return this.#dispatches === 1 ? this : new AskPurse(`${this.id}.${this.#dispatches}`, this.caller, this.#till)
  }

  ended(hold: HeldMoney, tried: Try): void {
    this.open.delete(hold)
    if (this.onLate === undefined) this.tries.push(tried)
    else this.onLate(tried)
  }

  /** From here on nothing more is charged for it: what is still open is charged as far as it is known. */
  close({ upstream, usage, resumes = 0 }: Pick<Outcome, 'upstream' | 'usage' | 'resumes'>): readonly Try[] {
    for (const hold of this.open) {
      const isTheAnswer = resumes === 0 && hold.claim.upstream === upstream
      hold.end(isTheAnswer ? usage : hold.usage)
    }
    return this.tries
  }
}
