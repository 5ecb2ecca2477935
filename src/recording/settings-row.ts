import { paidTier, picoPerMillion, type Price } from '../core/money.ts'
import type { CallerSettings, Settings, UpstreamSettings } from '../core/settings.ts'
import { formatVersion } from './line.ts'
import type { RecordedCaller, RecordedUpstream, SettingsRow } from './rows.ts'

/** What holds, but for the moment. */
export type Facts = Omit<SettingsRow, 'type' | 'version' | 'at'>

export interface FactParts {
  /** Spillway's own version. */
  readonly spillway: string
  readonly settings: Settings
  /** The servers as they are known now. */
  readonly upstreams: readonly KnownUpstream[]
  readonly priceOf: (model: string) => Price | undefined
}

interface KnownUpstream {
  readonly settings: UpstreamSettings
  models(): readonly { readonly id: string; readonly contextTokens: number | undefined }[]
}

export const settingsRow = (facts: Facts, at: number): SettingsRow => ({
  type: 'settings',
  version: formatVersion,
  at,
  ...facts,
})

/** Of a configuration, and of what was learned of its servers, what one needs to play its requests again: no addresses, and no keys. */
export function factsOf({ spillway, settings, upstreams, priceOf }: FactParts): Facts {
  const { queue, callers, anonymous } = settings
  return {
    spillway,
    upstreams: upstreams.map((upstream) => recorded(upstream, priceOf)),
    queue: { max: queue.max, patience_ms: queue.patienceMs, deadline_ms: queue.deadlineMs },
    callers: [...callers, ...(anonymous === undefined ? [] : [{ caller: anonymous }])].map(callerOf),
  }
}

function recorded(upstream: KnownUpstream, priceOf: FactParts['priceOf']): RecordedUpstream {
  const { name, backend, tier, concurrency, serve, context } = upstream.settings
  const models = upstream.models()
  const contexts = new Map(context)
  for (const { id, contextTokens } of models) if (contextTokens !== undefined) contexts.set(id, contextTokens)
  const prices = new Map<string, { input: number; output: number }>()
  if (tier >= paidTier)
    for (const { id } of models) {
      const price = priceOf(id)
      if (price !== undefined) prices.set(id, { input: usd(price.input), output: usd(price.output) })
    }
  return {
    name,
    kind: backend.kind,
    tier,
    concurrency,
    serve: serve && Object.fromEntries(serve),
    context: Object.fromEntries(contexts),
    prices: prices.size === 0 ? undefined : Object.fromEntries(prices),
  }
}

const usd = (picoEach: number): number => picoEach / picoPerMillion

const callerOf = ({ caller }: Pick<CallerSettings, 'caller'>): RecordedCaller => ({
  name: caller.id,
  weight: caller.weight,
  priority: caller.priority,
  cloud: caller.cloud,
})
