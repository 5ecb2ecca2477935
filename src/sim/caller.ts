import type { Caller } from '../core/ask.ts'
import { Fault, type FaultKind } from '../core/fault.ts'
import type { Outcome, Reply } from '../core/reply.ts'
import type { Settings } from '../core/settings.ts'
import { dialectById } from '../dialects/index.ts'
import type { Gateway } from '../gateway.ts'
import { bodyFor, rawOf } from './bodies.ts'
import { earFor } from './ears.ts'
import type { Heard } from './ears/heard.ts'
import type { Errand } from './workload.ts'

/** How an errand went, as its caller saw it. */
export interface Visit {
  readonly errand: Errand
  /** It got as far as an answer. */
  readonly answered: boolean
  /** Undefined where there was no answer, or nobody listened to what it said. */
  readonly heard: Heard | undefined
  readonly outcome: Outcome | undefined
  readonly fault: Fault | undefined
  /** Why it was served where it was. */
  readonly decision: string | undefined
  /** The caller went before the end. */
  readonly left: boolean
  /** How long it was still kept after it had hung up. */
  readonly keptMs: number
}

/** What is kept of a visit: a day has many, and their prompts are long. */
export interface Trip {
  readonly left: boolean
  readonly answered: boolean
  readonly fault: FaultKind | undefined
}

export const tripOf = ({ left, answered, fault }: Visit): Trip => ({
  left,
  answered,
  fault: fault?.kind,
})

/** Asks, listens as a client does, or only until it is over, and may lose interest. */
export async function visit(errand: Errand, gateway: Gateway, listens: boolean = true): Promise<Visit> {
  const { world } = gateway
  const { hangsUpAfterMs, leavesBy } = errand
  const gone = new AbortController()
  let over = false
  let leaves = false
  let hungUpAt: number | undefined
  if (hangsUpAfterMs === 0) {
    // Before anybody has so much as looked at the request.
    leaves = true
    hungUpAt = world.now()
    gone.abort()
  } else if (hangsUpAfterMs !== undefined) {
    void world.sleep(hangsUpAfterMs).then(() => {
      if (over) return
      leaves = true
      if (leavesBy !== 'abort') return
      hungUpAt = world.now()
      gone.abort()
    })
  }
  const ear = listens ? earFor(errand.dialect, errand.stream) : undefined
  let reply: Reply | undefined
  let fault: Fault | undefined
  try {
    reply = await gateway.serve(askFor(errand, gateway, gone.signal))
    // Known at the latest when the body has ended, so it cannot be missed.
    for await (const bytes of reply.body) {
      if (leaves) break
      ear?.hear(bytes)
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    fault = error
  }
  over = true
  const keptMs = hungUpAt === undefined ? 0 : world.now() - hungUpAt
  return {
    errand,
    answered: reply !== undefined,
    heard: reply === undefined ? undefined : ear?.heard,
    outcome: await reply?.outcome,
    decision: reply?.decision,
    fault,
    left: leaves,
    keptMs,
  }
}

/** The errand as the gateway is told of it. */
export function askFor(errand: Errand, gateway: Gateway, signal: AbortSignal): ReturnType<Gateway['ask']> {
  const body = bodyFor(errand)
  const { name, priority, patienceMs, deadlineMs, cloud } = errand.caller
  return gateway.ask({
    id: `errand-${errand.number}`,
    isOurId: true,
    dialect: dialectById(errand.dialect)!,
    body,
    raw: rawOf(errand, body),
    caller: identified(name, gateway),
    signal,
    patienceMs,
    deadlineMs,
    priority,
    cloud,
  })
}

const identities = new WeakMap<Settings, Map<string, Caller>>()

/** Who it is by the key that he has: looked up once, for that is dear on purpose. */
function identified(name: string, gateway: Gateway): Caller {
  const { settings } = gateway
  let known = identities.get(settings)
  if (known === undefined) identities.set(settings, (known = new Map()))
  let caller = known.get(name)
  if (caller === undefined) {
    caller = gateway.identify(settings.callers.find((one) => one.caller.id === name)?.key)
    known.set(name, caller)
  }
  return caller
}
