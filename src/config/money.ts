import type { Budget } from '../core/budget.ts'
import { nanoPerDollar, picoPerMillion, type Price } from '../core/money.ts'
import type { MoneySettings, RecordingSettings, RecordSettings, TeamSettings } from '../core/settings.ts'
import type { Config } from './schema.ts'
import type { BudgetConfig, PriceConfig } from './schema-money.ts'

const dayMs = 86_400_000

export const moneyOf = (config: Config): MoneySettings => ({
  budgets: budgetsOf(config.budget),
  timeZone: config.time_zone,
  prices: new Map(Object.entries(config.prices).map(([model, written]) => [model.toLowerCase(), priceOf(written)])),
  cloudOpen: config.cloud.enabled,
  requestMostNano: config.cloud.request_usd === undefined ? undefined : nanoOf(config.cloud.request_usd),
  outputTokensMost: config.cloud.output_tokens,
  alerts: { webhook: config.alerts.webhook, spillShare: config.alerts.spill_share },
})

export const recordsOf = ({ ledger }: Config): RecordSettings => ({
  keepMs: ledger.keep_days * dayMs,
  auditKeepMs: ledger.audit_days * dayMs,
  syncAll: ledger.sync === 'all',
})

export const recordingOf = ({ recording }: Config): RecordingSettings | undefined =>
  recording === false
    ? undefined
    : { fileBytes: recording.file, keepBytes: recording.keep, keepMs: recording.keep_days * dayMs }

export const teamsOf = ({ teams }: Config): ReadonlyMap<string, TeamSettings> =>
  new Map(
    Object.entries(teams).map(([name, { budget, models, cloud }]) => [
      name,
      { name, cloud, models: models === undefined ? undefined : new Set(models), budgets: budgetsOf(budget) },
    ]),
  )

/** One or several, as they are written. */
export function budgetsOf(written: BudgetConfig | readonly BudgetConfig[] | undefined): readonly Budget[] {
  if (written === undefined) return []
  return [written].flat().map(({ usd, tokens, gpu_seconds: gpuSeconds, per, alert_at: alertAt }) => ({
    per,
    nano: usd === undefined ? undefined : nanoOf(usd),
    tokens,
    gpuMs: gpuSeconds === undefined ? undefined : gpuSeconds * 1_000,
    alertAt: alertAt.toSorted((one, other) => one - other),
  }))
}

/** As written in the configuration: so many dollars for a million tokens. */
function priceOf({ input, output, cached_input: cachedInput, cache_write: cacheWrite }: PriceConfig): Price {
  return {
    input: picoOf(input),
    output: picoOf(output),
    ...(cachedInput !== undefined && { cachedInput: picoOf(cachedInput) }),
    ...(cacheWrite !== undefined && { cacheWrite: picoOf(cacheWrite) }),
    source: 'config',
  }
}

const nanoOf = (dollars: number): number => Math.round(dollars * nanoPerDollar)

const picoOf = (dollarsPerMillion: number): number => Math.round(dollarsPerMillion * picoPerMillion)
