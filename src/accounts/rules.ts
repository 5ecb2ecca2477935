import type { MoneySettings, Settings } from '../core/settings.ts'
import { Bounds } from './bounds.ts'
import type { Purchase } from './prices.ts'
import { Calendar } from './windows.ts'

/** What follows from a configuration for money, worked out once for each that there is. */
export interface Rules {
  readonly settings: Settings
  readonly money: MoneySettings
  readonly bounds: Bounds
  readonly calendar: Calendar
  /** By upstream, from whom its models are bought: prices differ. */
  readonly sellers: ReadonlyMap<string, Pick<Purchase, 'kind' | 'url'>>
}

/** Gives the rules of the configuration that counts now. The calendar stays with its time zone: it must not be set back. */
export function rulesOf(settingsNow: () => Settings): () => Rules {
  let rules: Rules | undefined
  return () => {
    const settings = settingsNow()
    if (rules?.settings === settings) return rules
    const money = settings.money ?? noMoney
    const known = rules?.calendar
    const calendar = known?.timeZone === money.timeZone ? known : new Calendar(money.timeZone)
    const sellers = new Map(
      settings.upstreams.map(({ name, backend, origin, basePath }) => [
        name,
        { kind: backend.kind, url: `${origin}${basePath}` },
      ]),
    )
    rules = { settings, money, bounds: new Bounds(settings, money), calendar, sellers }
    return rules
  }
}

/** Where nothing is said. */
const noMoney: MoneySettings = {
  budgets: [],
  timeZone: 'UTC',
  prices: new Map(),
  cloudOpen: true,
  requestMostNano: undefined,
  outputTokensMost: undefined,
  alerts: { webhook: undefined, spillShare: 1 },
}
