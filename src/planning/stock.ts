import { priceOf } from '../accounts/prices.ts'
import type { MoneySettings, Settings } from '../core/settings.ts'
import { type Price, paidTier } from '../core/money.ts'
import type { Recording } from '../recording/read.ts'
import { type Machine, machineFor } from '../sim/fleet.ts'
import type { ModelSpec, ServerOptions } from '../sim/server-spec.ts'
import { dimensions } from '../sim/workload.ts'
import { pricesOf } from './as-recorded.ts'
import type { Plan } from './plan.ts'

/** What is known of servers: how fast they are, which models they have and what those cost. */
export interface Stock {
  readonly machines: ReadonlyMap<string, ServerOptions>
  /** Who says so: `the recording shows`. */
  readonly source: string
  readonly models: ReadonlyMap<string, readonly ModelSpec[]>
  readonly prices: MoneySettings['prices']
}

export const emptyStock: Stock = { machines: new Map(), source: '', models: new Map(), prices: new Map() }

/** What a recording shows of its servers, beside how fast they are. */
export function stockOf({ settings, requests }: Recording): Pick<Stock, 'models' | 'prices'> {
  const upstreams = settings.at(-1)?.upstreams ?? []
  const answered = new Map<string, Set<string>>()
  const words = new Set<string>()
  const vectors = new Set<string>()
  for (const { upstream, model, needs } of requests) {
    ;(needs.includes('vectors') ? vectors : words).add(model)
    if (upstream === undefined) continue
    const models = answered.get(upstream)
    if (models === undefined) answered.set(upstream, new Set([model]))
    else models.add(model)
  }
  const models = upstreams.map(({ name, serve, context }): [string, readonly ModelSpec[]] => {
    const theirs = serve === undefined ? (answered.get(name) ?? []) : Object.values(serve)
    const calledSo = (id: string): readonly string[] =>
      serve === undefined ? [id] : Object.keys(serve).filter((called) => serve[called] === id)
    const specs = Array.from(new Set([...theirs, ...Object.keys(context)]), (id) => ({
      name: id,
      contextTokens: context[id] ?? usualContextTokens,
      ...(calledSo(id).some((called) => vectors.has(called)) &&
        !calledSo(id).some((called) => words.has(called)) && { dimensions }),
    }))
    return [name, specs]
  })
  return { models: new Map(models), prices: pricesOf(upstreams) }
}

const usualContextTokens = 32_768

/** The servers of a plan, in the simulated world. */
export function fleetOf({ settings, likeness }: Plan, stock: Stock): readonly Machine[] {
  return settings.upstreams.map((upstream) => {
    const like = likeness.get(upstream.name) ?? upstream.name
    const known = stock.machines.get(like)
    const models = stock.models.get(like) ?? anyOf(stock, upstream.tier)
    return roomy(machineFor(upstream, { ...known, ...(models.length > 0 && { models }) }), known)
  })
}

/** Of a server that nobody has seen and that is not told its models: what the others at home have. */
function anyOf({ models }: Stock, tier: number): readonly ModelSpec[] {
  if (tier >= paidTier) return []
  return [...new Map([...models.values()].flat().map((model) => [model.name, model])).values()]
}

/** Where its memory was never measured it is not what keeps a server from anything: that would be a guess that bites. */
function roomy(machine: Machine, known: ServerOptions | undefined): Machine {
  if (known?.engine?.memoryTokens !== undefined) return machine
  const { engine, models } = machine.server
  const context = Math.max(...models.map(({ contextTokens }) => contextTokens))
  const memoryTokens = Math.max(engine.memoryTokens, engine.slots * context)
  return { ...machine, server: { ...machine.server, engine: { ...engine, memoryTokens } } }
}

/**
 * What models cost: as the configuration says, else as it was, else as the public list has it. That is looked up by the
 * sellers' addresses, which are others in the simulated world.
 */
export function pricesFor(
  { upstreams, money }: Settings,
  fleet: readonly Machine[],
  stock: Stock,
): MoneySettings['prices'] {
  const own = money?.prices ?? new Map<string, Price>()
  const prices = new Map([...stock.prices, ...own])
  for (const [index, { tier, backend, origin, basePath }] of upstreams.entries()) {
    if (tier < paidTier) continue
    for (const { name } of fleet[index]!.server.models) {
      if (prices.has(name.toLowerCase())) continue
      const price = priceOf(name, own, { kind: backend.kind, url: `${origin}${basePath}` })
      if (price !== undefined) prices.set(name.toLowerCase(), price)
    }
  }
  return prices
}
