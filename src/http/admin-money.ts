import { Calendar } from '../accounts/windows.ts'
import { amountOf, units } from '../core/amounts.ts'
import type { BudgetStanding } from '../core/budget.ts'
import { Fault } from '../core/fault.ts'
import { isObject } from '../core/json.ts'
import type { Ledger, ReportRow } from '../core/ledger.ts'
import { nanoPerDollar } from '../core/money.ts'
import type { CloudState } from '../core/notes.ts'
import type { Settings } from '../core/settings.ts'
import type { World } from '../core/world.ts'
import { does, type Asked, type Place } from './admin-routes.ts'

/** What is shown and switched of money. A gateway has it. */
export interface MoneySource {
  readonly world: Pick<World, 'now' | 'epochMs'>
  readonly settings: Settings
  readonly ledger: Pick<Ledger, 'report' | 'trouble'>
  readonly treasury: { readonly isCloudOpen: boolean; standings(): readonly BudgetStanding[] }
  readonly guardrails: {
    readonly cloud: { readonly state: CloudState | undefined; set(state: CloudState): Promise<void> }
    readonly troubles: readonly string[]
  }
}

export function moneyPlaces(source: MoneySource): readonly Place[] {
  const today = new Today(source)
  const cloud = (): object => cloudView(source)
  return [
    ['/api/money', does('GET', async () => moneyView(source, await today.look()))],
    [
      '/api/cloud',
      does('GET', () => Promise.resolve(cloud())),
      does('POST', async (asked) => {
        await switched(source, asked)
        return cloud()
      }),
    ],
  ]
}

/** A page that asks every second must not have the ledger add up a day each time. */
const freshMs = 2_000
const callersMost = 10

interface Sums {
  readonly from: number
  readonly until: number
  readonly all: ReportRow | undefined
  readonly callers: readonly ReportRow[]
}

/** What the day has come to so far, by the calendar of the budgets. */
class Today {
  readonly #source: MoneySource
  #calendar: Calendar | undefined
  #askedAt = -Infinity
  #sums: Promise<Sums | undefined> = Promise.resolve(undefined)

  constructor(source: MoneySource) {
    this.#source = source
  }

  /** Undefined where the ledger cannot be read now. */
  look(): Promise<Sums | undefined> {
    const now = this.#source.world.now()
    if (now - this.#askedAt < freshMs) return this.#sums
    this.#askedAt = now
    this.#sums = this.#add().catch(() => undefined)
    return this.#sums
  }

  async #add(): Promise<Sums> {
    const { settings, world, ledger } = this.#source
    const timeZone = settings.money?.timeZone ?? 'UTC'
    if (this.#calendar?.timeZone !== timeZone) this.#calendar = new Calendar(timeZone)
    const { from, until } = this.#calendar.window('day', world.epochMs())
    const query = { since: from, until, timeZone }
    const [[all], callers] = await Promise.all([
      ledger.report({ ...query, by: [] }),
      ledger.report({ ...query, by: ['caller'] }),
    ])
    return { from, until, all, callers: callers.toSorted(byWeight).slice(0, callersMost) }
  }
}

/** Who spent most, and of those who spent nothing, who used the machines most. */
const byWeight = (one: ReportRow, other: ReportRow): number => other.nano - one.nano || other.gpuMs - one.gpuMs

const moneyView = (source: MoneySource, today: Sums | undefined): object => ({
  cloud: cloudView(source),
  ledger: { trouble: source.ledger.trouble ?? null },
  today:
    today === undefined
      ? null
      : {
          from: new Date(today.from).toISOString(),
          until: new Date(today.until).toISOString(),
          ...sumsView(today.all),
          callers: today.callers.map((row) => ({ caller: row.of.caller ?? '', ...sumsView(row) })),
        },
  budgets: source.treasury.standings().map(budgetView),
  troubles: source.guardrails.troubles,
})

const sumsView = (row: ReportRow | undefined): object => ({
  requests: row?.requests ?? 0,
  spilled: row?.spilled ?? 0,
  input_tokens: row?.inputTokens ?? 0,
  output_tokens: row?.outputTokens ?? 0,
  gpu_seconds: (row?.gpuMs ?? 0) / 1_000,
  usd: (row?.nano ?? 0) / nanoPerDollar,
  saved_usd: (row?.savedNano ?? 0) / nanoPerDollar,
})

const budgetView = ({ account, counted, limit, spent, held, from, until }: BudgetStanding): object => ({
  account,
  unit: units[counted],
  // As strings, for they are exact.
  limit: amountOf(counted, limit),
  spent: amountOf(counted, spent),
  held: amountOf(counted, held),
  share: limit === 0 ? 1 : (spent + held) / limit,
  from: new Date(from).toISOString(),
  resets_at: new Date(until).toISOString(),
})

function cloudView({ treasury, guardrails, settings }: MoneySource): object {
  const { state } = guardrails.cloud
  return {
    open: treasury.isCloudOpen,
    // The switch and the configuration both have to let it be open.
    switched: state?.open === false ? 'off' : 'on',
    enabled: settings.money?.cloudOpen ?? true,
    reason: state?.reason ?? null,
    by: state?.by ?? null,
    at: state === undefined ? null : new Date(state.at).toISOString(),
  }
}

const reasonMax = 200

async function switched({ guardrails, world }: MoneySource, { body, by }: Asked): Promise<void> {
  const { open, reason } = wishIn(body)
  try {
    await guardrails.cloud.set({ open, reason, by: by.actor, from: by.source, at: world.epochMs() })
  } catch (error) {
    const text =
      `The cloud is ${open ? 'open' : 'closed'} at this gateway now. The ledger cannot be written to, so other gateways and a restart do ` +
      'not know it so far; that is tried again.'
    throw new Fault('no-upstream', text, { code: 'ledger_unavailable', cause: error })
  }
}

function wishIn(body: Buffer): { readonly open: boolean; readonly reason: string | undefined } {
  const json = parsed(body)
  if (!isObject(json) || typeof json['open'] !== 'boolean')
    throw new Fault('bad-request', 'Say {"open": false} or {"open": true}, with a "reason" if you like.')
  const { open, reason, ...others } = json
  const [other] = Object.keys(others)
  if (other !== undefined)
    throw new Fault('bad-request', `There is no ${other.slice(0, 40)} here: say "open" and "reason".`)
  if (reason !== undefined && (typeof reason !== 'string' || reason.length > reasonMax))
    throw new Fault('bad-request', `The reason is a text of at most ${reasonMax} characters.`)
  return { open, reason }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
