import type { FaultKind } from '../core/fault.ts'
import type { Recording } from '../recording/read.ts'
import { paidTier } from '../core/money.ts'
import { hasName } from '../core/names.ts'
import type { SettingsRow } from '../recording/rows.ts'
import { type Plan, titleOf } from './plan.ts'
import { fleetOf, pricesFor, type Stock } from './stock.ts'
import { isWorthAsking, type Traffic } from './traffic.ts'

/** What a reader of the numbers has to know of the recording. Each is one sentence. */
export function remarksOnRecording(
  { requests, settings, upstreams, skippedLines }: Recording,
  outages: boolean,
): string[] {
  const remarks: string[] = []
  const hopeless = requests.filter((row) => !isWorthAsking(row)).length
  if (hopeless > 0)
    remarks.push(`${countOf(hopeless, 'request')} that were wrong in themselves are left out: they would be again.`)
  const named = new Set(settings.at(-1)?.callers.map(({ name }) => name))
  const bounded = requests.filter(({ caller, fault }) => bounds.has(fault ?? '') && !named.has(caller)).length
  if (bounded > 0)
    remarks.push(
      `${countOf(bounded, 'request')} were refused for limits or budgets of keys that no configuration names, which a recording does not keep: they are asked again.`,
    )
  const changes = new Set(settings.map(configuredIn))
  if (changes.size > 1)
    remarks.push(
      `The configuration was changed ${times(changes.size - 1)} meanwhile: "as it was" means as it was at the end (--since leaves out what was before).`,
    )
  const lost = upstreams.filter(({ up }) => !up).length
  if (lost > 0 && outages)
    remarks.push(`Servers were lost ${times(lost)}, and are lost again when they were (not with --no-outages).`)
  if (skippedLines > 0) remarks.push(`${countOf(skippedLines, 'line')} of the recording could not be read.`)
  return remarks
}

/** Of models that nobody has in a plan, although they are asked for. */
export function remarksOnModels(plan: Plan, stock: Stock, { models, requests }: Traffic): string[] {
  const fleet = fleetOf(plan, stock)
  const { upstreams } = plan.settings
  return [...models].flatMap(([model, asked]) => {
    const isServed = upstreams.some(({ serve }, index) =>
      serve === undefined
        ? fleet[index]!.server.models.some(({ name }) => name === model)
        : hasName(new Set(serve.keys()), model),
    )
    const share = `${((asked / requests) * 100).toFixed(1)} %`
    return isServed
      ? []
      : [`Nobody has ${model} ${titleOf(plan)}: ${countOf(asked, 'request')} (${share}) are refused.`]
  })
}

/** What nobody measured, and what was taken for it. */
export function assumedFor(plan: Plan, stock: Stock): string[] {
  const fleet = fleetOf(plan, stock)
  const prices = pricesFor(plan.settings, fleet, stock)
  const assumed: string[] = []
  const unpriced = new Set<string>()
  const unmeasured: string[] = []
  const measured: string[] = []
  for (const [index, { name, tier, backend }] of plan.settings.upstreams.entries()) {
    const like = plan.likeness.get(name) ?? name
    const theirs = fleet[index]!.server.models.map((model) => model.name)
    if (like !== name) assumed.push(`${name} is just like ${like}`)
    else if (!stock.machines.has(name)) unmeasured.push(`${name} (${backend.kind})`)
    else {
      measured.push(name)
      const had = new Set(stock.models.get(name)?.map((model) => model.name))
      const others = theirs.filter((model) => had.size > 0 && !had.has(model))
      if (others.length > 0) assumed.push(`${others.join(' and ')} on ${name} is as fast as what was measured there`)
    }
    if (tier >= paidTier) for (const model of theirs) if (!prices.has(model.toLowerCase())) unpriced.add(model)
  }
  if (measured.length > 0) assumed.unshift(`${measured.join(', ')}: as fast as ${stock.source}`)
  if (unmeasured.length > 0)
    assumed.push(`${unmeasured.join(', ')}: never measured, as fast as is usual for such servers`)
  if (unpriced.size > 0) assumed.push(`${[...unpriced].join(', ')}: no price is known, so it counts as nothing`)
  if (haveBudgets(plan)) assumed.push('nothing of any budget is used up when it begins')
  return assumed
}

const haveBudgets = ({ settings: { upstreams, callers, teams, money } }: Plan): boolean =>
  [...upstreams, ...callers.map(({ caller }) => caller), ...(teams?.values() ?? []), money].some(
    (one) => (one?.budgets?.length ?? 0) > 0,
  )

/** What was configured, and not what was learned of servers meanwhile. */
const configuredIn = ({ upstreams, queue, callers, teams, money }: SettingsRow): string =>
  JSON.stringify([
    upstreams.map(({ context: _models, prices: _prices, ...configured }) => configured),
    queue,
    callers,
    teams,
    money,
  ])

const bounds: ReadonlySet<string> = new Set<FaultKind>(['rate-limited', 'over-budget'])

const countOf = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)
