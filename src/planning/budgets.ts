import type { Budget, Team } from '../core/budget.ts'
import type { Settings } from '../core/settings.ts'
import type { Change } from './plan.ts'

/** Whatever may be spent in the cloud, so many times as much. */
export const budgetsTimes = (factor: number): Change => ({
  name: factor === 2 ? 'twice the budgets' : `${factor} times the budgets`,
  apply: (plan) => ({
    ...plan,
    settings: withBudgets(plan.settings, (budgets) => budgets.map((one) => larger(one, factor))),
  }),
})

const larger = (budget: Budget, factor: number): Budget =>
  budget.nano === undefined ? budget : { ...budget, nano: budget.nano * factor }

function withBudgets(settings: Settings, changed: (budgets: readonly Budget[]) => readonly Budget[]): Settings {
  const of = (budgets: readonly Budget[] | undefined): readonly Budget[] | undefined => budgets && changed(budgets)
  const { upstreams, callers, teams, money, anonymous } = settings
  const team = <T extends Team>(one: T): T => ({ ...one, budgets: changed(one.budgets) })
  return {
    ...settings,
    upstreams: upstreams.map((one) => ({ ...one, budgets: of(one.budgets) })),
    callers: callers.map((one) => ({
      ...one,
      caller: { ...one.caller, budgets: of(one.caller.budgets), team: one.caller.team && team(one.caller.team) },
    })),
    anonymous: anonymous && { ...anonymous, budgets: of(anonymous.budgets) },
    teams: teams && new Map(Array.from(teams, ([name, one]) => [name, team(one)])),
    money: money && { ...money, budgets: changed(money.budgets) },
  }
}
