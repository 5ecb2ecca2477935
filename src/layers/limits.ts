import type { Allowance, Allowances, Limits } from '../core/allowance.ts'
import type { Ask, Caller } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import type { Reply } from '../core/reply.ts'
import type { Layer, Serve } from '../core/serve.ts'
import type { World } from '../core/world.ts'
import { Bucket, type Hold } from './gcra.ts'

/** Callers remembered; whoever has not asked for longest goes first, and would come back with a full minute's worth. */
const callersMax = 10_000
/** How long an answer is taken to be until it is over, unless the caller allows less. */
const outputTokensGuess = 256

/**
 * Keeps a caller to so many requests and tokens a minute, and so many requests at once. Tokens are taken before anything
 * is done, as many as are likely, and set right when the answer has ended. What is refused here costs nothing.
 */
export function limits(clock: Pick<World, 'now' | 'epochMs'>): Layer {
  const ledgers = new Ledgers()
  return (next) => (ask) => {
    const { limits: its } = ask.caller
    return its === undefined ? next(ask) : admitted(ask, its, { ledger: ledgers.of(ask.caller), clock, next })
  }
}

interface Admission {
  readonly ledger: Ledger
  readonly clock: Pick<World, 'now' | 'epochMs'>
  readonly next: Serve
}

async function admitted(ask: Ask, its: Limits, { ledger, clock, next }: Admission): Promise<Reply> {
  const now = clock.now()
  const standing = (): Allowances => ledger.standing(its, clock)
  const tokens = tokensFor(ask, its)
  const refusal = ledger.refusal(ask.caller, its, { tokens, now })
  if (refusal !== undefined) throw new Fault('rate-limited', refusal.message, { ...refusal, allowances: standing() })
  const settle = ledger.enter(its, { tokens, now })
  try {
    const reply = await next(ask)
    void reply.outcome.then(({ usage }) => settle(usage.promptTokens + usage.outputTokens, clock.now()))
    // Not all of a reply is its own: of some, the body is not.
    return { ...reply, body: reply.body, allowances: standing() }
  } catch (error) {
    settle(0, clock.now())
    const fault = Fault.from(error, ask.signal)
    throw fault.status === 429 ? fault.with(standing()) : fault
  }
}

/** The likely size of an ask. Throws the Fault of one that is too large for any minute. */
function tokensFor({ promptTokens, outputTokensMax, needs, caller }: Ask, { tokensPerMinute: max }: Limits): number {
  if (max !== undefined && promptTokens > max) {
    throw new Fault(
      'too-large',
      `The request has about ${promptTokens} tokens, and the caller ${caller.id} may use ${max} a minute: shorten it.`,
    )
  }
  const output = needs.includes('vectors') ? 0 : Math.min(outputTokensMax ?? Infinity, outputTokensGuess)
  return Math.min(promptTokens + output, max ?? Infinity)
}

interface Entry {
  readonly tokens: number
  readonly now: number
}

/** What one caller has asked of late. */
class Ledger {
  readonly #requests = new Bucket()
  readonly #tokens = new Bucket()
  #underWay = 0

  refusal(
    { id }: Caller,
    { concurrent, requestsPerMinute, tokensPerMinute }: Limits,
    { tokens, now }: Entry,
  ): { readonly message: string; readonly retryAfterMs: number } | undefined {
    if (concurrent !== undefined && this.#underWay >= concurrent) {
      const message = `The caller ${id} may have ${concurrent} requests under way at once, and has them: wait for one to end.`
      return { message, retryAfterMs: roundTripMs }
    }
    const requestMs = requestsPerMinute === undefined ? 0 : this.#requests.waitMs(1, requestsPerMinute, now)
    const tokenMs = tokensPerMinute === undefined ? 0 : this.#tokens.waitMs(tokens, tokensPerMinute, now)
    const retryAfterMs = Math.max(requestMs, tokenMs)
    if (retryAfterMs === 0) return undefined
    const what = requestMs >= tokenMs ? `${requestsPerMinute} requests` : `${tokensPerMinute} tokens`
    const message = `The caller ${id} may use ${what} a minute, and has: ask again in ${Math.ceil(retryAfterMs / 100) / 10} s.`
    return { message, retryAfterMs }
  }

  /** Returns what is to be told, once, when the ask is over. */
  enter({ requestsPerMinute, tokensPerMinute }: Limits, { tokens, now }: Entry): (used: number, now: number) => void {
    this.#underWay += 1
    // A request that came has come, however it ends.
    if (requestsPerMinute !== undefined) {
      this.#requests.spend(1, requestsPerMinute, now)
    }
    const hold: Hold | undefined =
      tokensPerMinute === undefined ? undefined : this.#tokens.take(tokens, tokensPerMinute, now)
    return (used, endedAt) => {
      this.#underWay -= 1
      if (hold !== undefined) this.#tokens.settle(hold, used, endedAt)
    }
  }

  standing({ requestsPerMinute, tokensPerMinute }: Limits, clock: Admission['clock']): Allowances {
    return {
      requests: requestsPerMinute === undefined ? undefined : allowance(this.#requests, requestsPerMinute, clock),
      tokens: tokensPerMinute === undefined ? undefined : allowance(this.#tokens, tokensPerMinute, clock),
    }
  }
}

function allowance(bucket: Bucket, limit: number, clock: Admission['clock']): Allowance {
  const now = clock.now()
  const resetMs = bucket.resetMs(now)
  return { limit, remaining: bucket.remaining(limit, now), resetMs, resetEpochMs: clock.epochMs() + resetMs }
}

/** By name, whatever is configured anew; for those without a name, by where they ask from. */
class Ledgers {
  readonly #ledgers = new Map<string, Ledger>()

  of({ id, address }: Caller): Ledger {
    const key = address === undefined ? id : `${id}\n${address}`
    const ledger = this.#ledgers.get(key) ?? new Ledger()
    // The last one in the map is the one seen last.
    this.#ledgers.delete(key)
    this.#ledgers.set(key, ledger)
    if (this.#ledgers.size > callersMax) this.#ledgers.delete(this.#ledgers.keys().next().value!)
    return ledger
  }
}

/** When one of several answers ends, nobody knows. */
const roundTripMs = 1_000
