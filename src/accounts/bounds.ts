import type { Caller } from '../core/ask.ts'
import type { Budget, Span } from '../core/budget.ts'
import type { MoneySettings, Settings } from '../core/settings.ts'

/** One budget of money: whose account it is, and how much it may spend in each span. */
export interface Bound {
  /** `caller:chat-ui/day`. */
  readonly name: string
  readonly per: Span
  readonly limitNano: number
  readonly alertAt: readonly number[]
}

const none: readonly Bound[] = []

/** The budgets of money among those of somebody. Of two for the same span, the smaller one holds. */
function boundsOf(whose: string, budgets: readonly Budget[] | undefined): readonly Bound[] {
  if (budgets === undefined || budgets.length === 0) return none
  const bySpan = new Map<Span, Bound>()
  for (const { per, nano, alertAt } of budgets) {
    if (nano === undefined) continue
    const known = bySpan.get(per)
    if (known === undefined || nano < known.limitNano)
      bySpan.set(per, { name: `${whose}/${per}`, per, limitNano: nano, alertAt })
  }
  return [...bySpan.values()]
}

/** Who may spend how much, by a configuration. What was worked out once is kept: it is asked for on every request. */
export class Bounds {
  readonly #gateway: readonly Bound[]
  readonly #upstreams: ReadonlyMap<string, readonly Bound[]>
  readonly #byCaller = new WeakMap<Caller, readonly Bound[]>()
  /** All that stand in the configuration: there is no end to callers that do not. */
  readonly configured: readonly Bound[]
  readonly #names: ReadonlySet<string>

  constructor({ upstreams, callers, teams = new Map() }: Settings, money: MoneySettings) {
    this.#gateway = boundsOf('gateway', money.budgets)
    this.#upstreams = new Map(upstreams.map(({ name, budgets }) => [name, boundsOf(`upstream:${name}`, budgets)]))
    this.configured = [
      ...this.#gateway,
      ...[...this.#upstreams.values()].flat(),
      ...[...teams.values()].flatMap(({ name, budgets }) => boundsOf(`team:${name}`, budgets)),
      ...callers.flatMap(({ caller }) => boundsOf(`caller:${caller.id}`, caller.budgets)),
    ]
    this.#names = new Set(this.configured.map(({ name }) => name))
  }

  /** Nothing at all is said of how much this one may spend, nor anybody else. */
  areNoneFor(caller: Caller): boolean {
    return this.configured.length === 0 && this.of(caller).length === 0
  }

  isConfigured(name: string): boolean {
    return this.#names.has(name)
  }

  /** Its own, those of its team and those of the whole gateway. */
  of(caller: Caller): readonly Bound[] {
    const known = this.#byCaller.get(caller)
    if (known !== undefined) return known
    const { id, budgets, team } = caller
    const bounds = [
      ...boundsOf(`caller:${id}`, budgets),
      ...(team === undefined ? none : boundsOf(`team:${team.name}`, team.budgets)),
      ...this.#gateway,
    ]
    this.#byCaller.set(caller, bounds)
    return bounds
  }

  ofUpstream(name: string): readonly Bound[] {
    return this.#upstreams.get(name) ?? none
  }
}
