import type { Allowance, Allowances, Limits } from '../core/allowance.ts'
import type { Ask, Caller } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import type { Reply } from '../core/reply.ts'
import type { Layer, Serve } from '../core/serve.ts'
import type { World } from '../core/world.ts'
import { Bucket, burstOf, type Hold, mostAtOnce } from './gcra.ts'

/** Callers remembered; whoever has not asked for longest goes first, and would come back with a full minute's worth. */
const callersMax = 10_000
/** How long an answer is taken to be until it is over, unless the caller allows less. */
const outputTokensGuess = 256

/**
 * Keeps a caller to so many requests and tokens a minute, and so many requests at once. Tokens are taken before anything
 * is done, as many as are likely, and set right when the answer has ended. What is refused here costs nothing.
 * `endOf` tells when an ask that is under way is expected to end.
 */
export function limits(clock: Clock, endOf: EndOf = () => undefined): Layer {
  const ledgers = new Ledgers()
  return (next) => (ask) => {
    const { limits: its } = ask.caller
    return its === undefined ? next(ask) : admitted(ask, its, { ledger: ledgers.of(ask.caller), clock, endOf, next })
  }
}

type Clock = Pick<World, 'now' | 'epochMs'>

type EndOf = (ask: Ask) => number | undefined

interface Admission {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly endOf: EndOf
  readonly next: Serve
}

async function admitted(ask: Ask, its: Limits, { ledger, clock, endOf, next }: Admission): Promise<Reply> {
  const now = clock.now()
  const standing = (): Allowances => ledger.standing(its, clock)
  const tokens = tokensFor(ask, its)
  const refusal = ledger.refusal(ask.caller, its, { tokens, now, endOf })
  if (refusal !== undefined) throw new Fault('rate-limited', refusal.message, { ...refusal, allowances: standing() })
  const settle = ledger.enter(ask, its, { tokens, now })
  try {
    const reply = await next(ask)
    void reply.outcome.then(({ usage }) => settle(usage.promptTokens + usage.outputTokens, clock.now()))
    // Not all of a reply is its own: of some, the body is not.
    return { ...reply, body: reply.body, allowances: standing() }
  } catch (error) {
    settle(0, clock.now())
    const fault = Fault.from(error, ask.signal)
    throw fault.status === 429 ? fault.with({ allowances: standing() }) : fault
  }
}

/** The likely size of an ask. Throws the Fault of one that is too large for any minute. */
function tokensFor({ promptTokens, outputTokensMax, needs, caller }: Ask, its: Limits): number {
  const { tokensPerMinute, burstMs } = its
  const max = tokensPerMinute === undefined ? Infinity : mostAtOnce(tokensPerMinute, burstMs)
  if (promptTokens > max) {
    throw new Fault(
      'too-large',
      `The request has about ${promptTokens} tokens, and the caller ${caller.id} may use ${tokensPerMinute} a minute: shorten it.`,
    )
  }
  const output = needs.includes('vectors') ? 0 : Math.min(outputTokensMax ?? Infinity, outputTokensGuess)
  return Math.min(promptTokens + output, max)
}

interface Entry {
  readonly tokens: number
  readonly now: number
}

/** What one caller has asked of late. */
class Ledger {
  readonly #requests = new Bucket()
  readonly #tokens = new Bucket()
  readonly #underWay = new Set<Ask>()

  refusal(
    { id }: Caller,
    { concurrent, requestsPerMinute, tokensPerMinute, burstMs }: Limits,
    { tokens, now, endOf }: Entry & { readonly endOf: EndOf },
  ): { readonly message: string; readonly retryAfterMs: number } | undefined {
    if (concurrent !== undefined && this.#underWay.size >= concurrent) {
      const message = `The caller ${id} may have ${concurrent} requests under way at once, and has them: wait for one to end.`
      return { message, retryAfterMs: this.#nextEndMs(endOf, now) }
    }
    const requestMs = requestsPerMinute === undefined ? 0 : this.#requests.waitMs(1, requestsPerMinute, now, burstMs)
    const tokenMs = tokensPerMinute === undefined ? 0 : this.#tokens.waitMs(tokens, tokensPerMinute, now, burstMs)
    const retryAfterMs = Math.max(requestMs, tokenMs)
    if (retryAfterMs === 0) return undefined
    const what = requestMs >= tokenMs ? `${requestsPerMinute} requests` : `${tokensPerMinute} tokens`
    const message = `The caller ${id} may use ${what} a minute, and has: ask again in ${Math.ceil(retryAfterMs / 100) / 10} s.`
    return { message, retryAfterMs }
  }

  /** Returns what is to be told, once, when the ask is over. */
  enter(
    ask: Ask,
    { requestsPerMinute, tokensPerMinute }: Limits,
    { tokens, now }: Entry,
  ): (used: number, now: number) => void {
    this.#underWay.add(ask)
    // A request that came has come, however it ends.
    if (requestsPerMinute !== undefined) {
      this.#requests.spend(1, requestsPerMinute, now)
    }
    const hold: Hold | undefined =
      tokensPerMinute === undefined ? undefined : this.#tokens.take(tokens, tokensPerMinute, now)
    return (used, endedAt) => {
      this.#underWay.delete(ask)
      if (hold !== undefined) this.#tokens.settle(hold, used, endedAt)
    }
  }

  /** Until the first of those under way is expected to end; of one that is overdue, nobody knows. */
  #nextEndMs(endOf: EndOf, now: number): number {
    let soonestMs = Infinity
    for (const ask of this.#underWay) {
      const endsAt = endOf(ask) ?? -Infinity
      soonestMs = Math.min(soonestMs, endsAt > now ? endsAt - now : unknownEndMs)
    }
    return Math.ceil(Math.min(Math.max(soonestMs, nextEndMinMs), nextEndMaxMs))
  }

  standing({ requestsPerMinute, tokensPerMinute, burstMs }: Limits, clock: Clock): Allowances {
    const of = (bucket: Bucket, perMinute: number | undefined): Allowance | undefined =>
      perMinute === undefined ? undefined : allowance(bucket, { perMinute, burstMs }, clock)
    return { requests: of(this.#requests, requestsPerMinute), tokens: of(this.#tokens, tokensPerMinute) }
  }
}

function allowance(
  bucket: Bucket,
  { perMinute, burstMs }: { readonly perMinute: number; readonly burstMs: number | undefined },
  clock: Clock,
): Allowance {
  const now = clock.now()
  const resetMs = bucket.resetMs(now)
  const remaining = bucket.remaining(perMinute, now, burstMs)
  return { limit: burstOf(perMinute, burstMs), remaining, resetMs, resetEpochMs: clock.epochMs() + resetMs }
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

/** Where nobody knows when an answer ends. */
const unknownEndMs = 1_000
/** Sooner nobody need come back, and later nobody should be told to: predictions err. */
const nextEndMinMs = 100
const nextEndMaxMs = 60_000
