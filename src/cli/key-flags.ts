import { Fault } from '../core/fault.ts'
import type { Json } from '../core/json.ts'

/** What a key may do, as it is said on the command line. */
export interface ScopeFlags {
  readonly team?: string
  readonly models?: readonly string[]
  readonly dialects?: readonly string[]
  readonly addresses?: readonly string[]
  readonly cloud?: string
  readonly priority?: string
  readonly weight?: string
  readonly rpm?: string
  readonly tpm?: string
  readonly concurrent?: string
  readonly budget?: readonly string[]
  readonly clamp: boolean
  readonly patience?: string
  readonly deadline?: string
  readonly expires?: string
}

/** The same as the admin API takes it. What is unset is null. */
export function bodyOf(flags: ScopeFlags, unset: readonly string[] = []): Json {
  const { weight, rpm, tpm, concurrent, budget, clamp } = flags
  const { team, models, dialects, addresses, cloud, priority, patience, deadline, expires } = flags
  const limits = {
    requests_per_minute: numberIn(rpm),
    tokens_per_minute: numberIn(tpm),
    concurrent: numberIn(concurrent),
  }
  const said = {
    team,
    models,
    dialects,
    addresses,
    cloud,
    priority,
    patience,
    deadline,
    expires,
    weight: numberIn(weight),
    limits: Object.values(limits).every((limit) => limit === undefined) ? undefined : given(limits),
    budget: budget === undefined ? undefined : budget.map(budgetIn),
    clamp: clamp ? undefined : false,
  }
  return { ...given(said), ...Object.fromEntries(unset.map((key) => [key, null])) }
}

const given = (said: Json): Json => Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))

/** What is no number stays as it is, to be told so by whoever knows what it is for. */
const numberIn = (text: string | undefined): number | string | undefined =>
  text === undefined || text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)

/** `5/day`, `$5/day`, `200000tokens/hour`, `600gpu_seconds/week`. */
function budgetIn(text: string): Json {
  const [, amount, unit = 'usd', per] = /^\$?(\d+(?:\.\d+)?)\s*(usd|tokens|gpu_seconds)?\/(\w+)$/.exec(text) ?? []
  if (amount !== undefined) return { [unit]: Number(amount), per }
  throw new Fault('bad-request', 'A budget is an amount and a span: 5/day, 200000tokens/hour or 600gpu_seconds/week.')
}
