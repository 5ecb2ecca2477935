import type { Caller } from '../core/ask.ts'
import type { Dialect } from '../core/dialect.ts'
import { readDuration } from '../core/duration.ts'
import { Fault } from '../core/fault.ts'
import { isObject, type Json } from '../core/json.ts'
import type { Explanation, Gateway } from '../gateway.ts'
import { parseBody } from './body.ts'

export type ExplainGateway = Pick<Gateway, 'dialects' | 'settings' | 'callers' | 'identify' | 'explain'>

/** What a caller may say in headers. */
interface Wishes {
  readonly patienceMs: number | undefined
  readonly deadlineMs: number | undefined
  readonly priority: 'interactive' | 'default' | 'batch' | undefined
  readonly cloud: 'allowed' | 'never' | undefined
}

/**
 * Says what would become of a request: of `{ path or dialect, body, caller?, patience?, deadline?, priority?, cloud? }`, or of a body
 * as a client sends it, with those members in the query. Throws `bad-request` for what is neither; a request that would
 * itself be refused is an answer.
 */
export async function explain(gateway: ExplainGateway, query: URLSearchParams, bytes: Buffer): Promise<object> {
  const said = parseBody(bytes)
  const isBare = query.has('path') || query.has('dialect')
  const named: Json = isBare ? Object.fromEntries(query) : said
  const body = isBare ? said : named['body']
  if (!isObject(body))
    throw bad('Send { "path": "/v1/chat/completions", "body": { ... } }, or a bare body with ?path=...')
  const dialect = dialectIn(gateway, named)
  const caller = callerIn(gateway, named['caller'])
  const wishes = wishesIn(named)
  try {
    const { signal } = new AbortController()
    return viewOf(await gateway.explain({ dialect, body, caller, signal, ...wishes }), dialect)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { dialect: dialect.id, caller: caller.id, upstreams: [], decision: refusalView(error, dialect) }
  }
}

function dialectIn({ dialects }: ExplainGateway, { path, dialect: id }: Json): Dialect {
  const found = dialects.find((dialect) => dialect.id === id || dialect.routes.some((route) => route === path))
  if (found !== undefined) return found
  const routes = dialects.flatMap((dialect) => dialect.routes).join(', ')
  throw bad(`Say in path where the request would go: ${routes}.`)
}

function callerIn(gateway: ExplainGateway, name: unknown): Caller {
  const { settings, callers } = gateway
  if (callers.isOpen || (callers.takesKeyless && name === undefined)) return gateway.identify(undefined)
  const found = typeof name === 'string' ? callers.named(name) : undefined
  if (found !== undefined) return found
  const names = settings.callers.map(({ caller }) => caller.id)
  throw bad(`Say in caller who would ask: ${names.length === 0 ? 'the name of one who has a key' : names.join(', ')}.`)
}

function wishesIn({ patience, deadline, priority, cloud }: Json): Wishes {
  return {
    patienceMs: spanOf('patience', patience),
    deadlineMs: spanOf('deadline', deadline),
    priority: oneOf('priority', priority, ['interactive', 'default', 'batch'] as const),
    cloud: oneOf('cloud', cloud, ['allowed', 'never'] as const),
  }
}

function spanOf(name: string, value: unknown): number | undefined {
  const ms = value === undefined ? undefined : readDuration(value as string | number)
  if (value !== undefined && ms === undefined) throw bad(`${name} has to be a duration, as in 3s.`)
  return ms
}

function oneOf<Word extends string>(name: string, value: unknown, words: readonly Word[]): Word | undefined {
  const word = words.find((one) => one === value)
  if (word === undefined && value !== undefined) throw bad(`${name} has to be one of: ${words.join(', ')}.`)
  return word
}

const bad = (message: string): Fault => new Fault('bad-request', message)

/** Numbers and names; of what was asked, nothing but its size. */
function viewOf({ ask, offering, prospects, verdict }: Explanation, dialect: Dialect): object {
  return {
    dialect: dialect.id,
    caller: ask.caller.id,
    model: ask.model,
    stands_in_for: ask.standsInFor ?? null,
    offering: offering ?? null,
    stream: ask.stream,
    needs: ask.needs,
    prompt_tokens: ask.promptTokens,
    output_tokens_max: ask.outputTokensMax ?? null,
    priority: ask.priority,
    cloud: ask.cloud,
    patience_ms: ask.patienceMs,
    deadline_ms: ask.deadlineMs ?? null,
    upstreams: prospects.map((prospect) => prospectView(prospect, ask.arrivedAt)),
    decision: verdictView(verdict, dialect),
  }
}

function prospectView(prospect: Prospect, now: number): object {
  const { offer, misfit, permitted, unpaid, hasRoom, opensInMs, evictionMs, cachedTokens, firstTokenMs } = prospect
  const { upstream, model, place } = offer
  const { residency } = upstream
  return {
    name: upstream.settings.name,
    model: model.id,
    tier: upstream.settings.tier,
    up: upstream.up ?? null,
    breaker: upstream.breaker.state(now),
    permitted,
    unpaid: unpaid?.message ?? null,
    fits: misfit === undefined,
    lacks: misfit?.lacks ?? null,
    context_tokens: model.contextTokens ?? null,
    in_flight: place.inFlight,
    limit: place.limit.value,
    foreign: place.limit.foreign,
    has_room: hasRoom,
    loaded: place.loaded ?? null,
    memory: {
      loaded: Array.from(residency.present, (tenant) => tenant.model),
      loading: residency.coming?.model ?? null,
      turning_to: residency.turningTo?.model ?? null,
      opens_in_ms: Number.isFinite(opensInMs) ? Math.round(opensInMs) : null,
      eviction_ms: Math.round(evictionMs),
    },
    cached_tokens: Math.round(cachedTokens),
    first_token_ms: Math.round(firstTokenMs),
  }
}

type Prospect = Explanation['prospects'][number]

function verdictView(verdict: Explanation['verdict'], dialect: Dialect): object {
  const { action } = verdict
  switch (action) {
    case 'run':
    case 'spill': {
      const { offer, why, firstTokenMs } = verdict
      const { name, tier } = offer.upstream.settings
      return { action, upstream: name, model: offer.model.id, tier, why, first_token_ms: Math.round(firstTokenMs) }
    }
    case 'queue': {
      const { ahead, outlook, makesWay, leaves } = verdict
      const { waitMs = null, firstTokenMs = null, totalMs = null } = outlook ?? {}
      const predicted = { wait_ms: whole(waitMs), first_token_ms: whole(firstTokenMs), total_ms: whole(totalMs) }
      return { action, ahead, ...predicted, sends_away: makesWay?.ask.id ?? null, sheds: leaves?.ask.id ?? null }
    }
    case 'errand':
      return { action, errand: verdict.errand }
    case 'refuse':
      return refusalView(verdict.fault, dialect)
  }
}

const whole = (ms: number | null): number | null => (ms === null ? null : Math.round(ms))

const refusalView = (fault: Fault, dialect: Dialect): object => ({
  action: 'refuse',
  status: dialect.statusOf?.(fault) ?? fault.status,
  code: fault.code,
  message: fault.message,
  retry_after_ms: fault.comeBackMs ?? null,
  eta_ms: whole(fault.etaMs ?? null),
  /** As the client would read it. */
  answer: dialect.writeFault(fault),
})
