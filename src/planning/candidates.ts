import { paidTier } from '../core/money.ts'
import { isRefused, type Measures } from './measures.ts'
import type { Passage } from './passage.ts'
import { type Change, more, type Plan, without } from './plan.ts'
import { budgetsTimes } from './budgets.ts'

/** One change that might help, by itself. */
export type Candidate =
  | { readonly type: 'more'; readonly upstream: string; readonly change: Change }
  | { readonly type: 'fewer'; readonly upstream: string; readonly busy: number; readonly change: Change }
  | { readonly type: 'budget'; readonly change: Change }

const moreMost = 2
/** Beside those, a server too many and a budget too small. */
export const candidatesMost: number = moreMost + 2
/** Waiting that somebody notices. */
const longWaitMs = 1_000
/** Of all requests, those that one server more could be for. */
const worthwhile = 0.01
/** A server that works less than this may be one too many. */
const hardlyBusy = 0.25

/** What is worth a simulation: the few changes that could help, by how it went. */
export function candidatesFor(plan: Plan, passages: readonly Passage[], { all, spellMs }: Gone): readonly Candidate[] {
  return [...moreOf(plan, passages), ...fewerOf(plan, passages, spellMs), ...budgetsOf(all)]
}

interface Gone {
  readonly all: Measures
  readonly spellMs: number
}

/** One more of each home server whose models were waited for, refused or had elsewhere; of like ones, the first. */
function moreOf(plan: Plan, passages: readonly Passage[]): readonly Candidate[] {
  const wanting = new Map<string, number>()
  for (const one of passages) {
    const isWanting = one.spilled === true || isRefusedForRoom(one) || one.wait_ms > longWaitMs
    if (isWanting) wanting.set(one.model, (wanting.get(one.model) ?? 0) + 1)
  }
  const servedBy = modelsBy(passages)
  const seen = new Set<string>()
  const found = plan.settings.upstreams.flatMap(({ name, tier, serve }) => {
    if (tier >= paidTier) return []
    const models = [...(serve?.keys() ?? servedBy.get(name) ?? [])].sort()
    const kind = plan.likeness.get(name) ?? name
    const missed = models.reduce((sum, model) => sum + (wanting.get(model) ?? 0), 0)
    if (seen.has(kind) || missed < Math.max(worthwhile * passages.length, 1)) return []
    seen.add(kind)
    return [{ type: 'more' as const, upstream: name, missed, change: more(name, 1) }]
  })
  found.sort((one, other) => other.missed - one.missed)
  return found.slice(0, moreMost)
}

const isRefusedForRoom = (one: Passage): boolean => isRefused(one) && one.fault !== 'no-such-model'

/** The home server that has least to do, where that is little. */
function fewerOf(plan: Plan, passages: readonly Passage[], spellMs: number): readonly Candidate[] {
  const home = plan.settings.upstreams.filter(({ tier }) => tier < paidTier)
  if (home.length < 2) return []
  const [least] = home
    .map(({ name }) => ({ name, busy: busyShare(passages, name, spellMs) }))
    .sort((one, other) => one.busy - other.busy)
  if (least === undefined || least.busy >= hardlyBusy) return []
  return [{ type: 'fewer', upstream: least.name, busy: least.busy, change: without(least.name) }]
}

/** How much of the time it had anything in hand. */
function busyShare(passages: readonly Passage[], upstream: string, spellMs: number): number {
  const spans = passages
    .filter((one) => one.upstream === upstream)
    .map(({ at, wait_ms: waitMs, total_ms: totalMs }) => ({ from: at + waitMs, until: at + totalMs }))
    .sort((one, other) => one.from - other.from)
  let busyMs = 0
  let seenUntil = -Infinity
  for (const { from, until } of spans) {
    busyMs += Math.max(until - Math.max(from, seenUntil), 0)
    seenUntil = Math.max(seenUntil, until)
  }
  return busyMs / Math.max(spellMs, 1)
}

function modelsBy(passages: readonly Passage[]): ReadonlyMap<string, ReadonlySet<string>> {
  const models = new Map<string, Set<string>>()
  for (const { upstream, model } of passages) {
    if (upstream === undefined) continue
    const known = models.get(upstream)
    if (known === undefined) models.set(upstream, new Set([model]))
    else known.add(model)
  }
  return models
}

const budgetsOf = ({ refusals }: Measures): readonly Candidate[] =>
  (refusals['over-budget'] ?? 0) > 0 ? [{ type: 'budget', change: budgetsTimes(2) }] : []
