import type { Candidate } from './candidates.ts'
import { refusedShare } from './columns.ts'
import { dayMs, type Measures } from './measures.ts'

/** What one change would do, in a sentence and in the numbers that it rests on. */
export interface Advice {
  readonly change: string
  readonly text: string
  readonly before: Figures
  readonly after: Figures
  readonly usdSavedPerDay: number
  /** Until a machine of the price that was given has paid for itself; undefined where it never does, or nobody gave one. */
  readonly paybackDays: number | undefined
}

export interface Figures {
  readonly spilled: number
  readonly refused: number
  readonly firstTokenP95Ms: number
  readonly usdPerDay: number
}

export interface AdviceParts {
  readonly before: Measures
  readonly after: Measures
  /** Servers like it that there are already. */
  readonly alike: number
  /** What one more machine costs. */
  readonly machineUsd: number | undefined
}

/** Undefined where the change would make no difference that is worth a word. */
export function adviceFor(candidate: Candidate, parts: AdviceParts): Advice | undefined {
  const { before, after, machineUsd } = parts
  const usdSavedPerDay = before.usdPerDay - after.usdPerDay
  const paybackDays =
    candidate.type === 'more' && machineUsd !== undefined && usdSavedPerDay > 0
      ? machineUsd / usdSavedPerDay
      : undefined
  const text = sentenceFor(candidate, { ...parts, usdSavedPerDay, paybackDays })
  if (text === undefined) return undefined
  const { name: change } = candidate.change
  return { change, text, before: figuresOf(before), after: figuresOf(after), usdSavedPerDay, paybackDays }
}

const figuresOf = (measures: Measures): Figures => ({
  spilled: measures.spilled.requests,
  refused: refusedShare(measures),
  firstTokenP95Ms: measures.firstTokenMs.p95,
  usdPerDay: measures.usdPerDay,
})

interface Worked extends AdviceParts {
  readonly usdSavedPerDay: number
  readonly paybackDays: number | undefined
}

function sentenceFor(candidate: Candidate, worked: Worked): string | undefined {
  switch (candidate.type) {
    case 'more':
      return moreSentence(candidate.upstream, worked)
    case 'fewer':
      return fewerSentence(candidate, worked)
    case 'budget':
      return budgetSentence(worked)
  }
}

/** Smaller differences are not worth a word. */
const leastShare = 0.01
const leastFactor = 0.8
const leastMs = 200

function moreSentence(upstream: string, worked: Worked): string | undefined {
  const { before, after, alike } = worked
  const cuts = [
    ...cut('spill', before.spilled.requests, after.spilled.requests),
    ...cut('refusals', refusedShare(before), refusedShare(after)),
    ...sooner(before.firstTokenMs.p95, after.firstTokenMs.p95),
  ]
  if (cuts.length === 0) return undefined
  const ordinal = alike < ordinals.length ? ordinals[alike]! : 'further'
  return `A ${ordinal} ${upstream} would cut ${listed(cuts)}${payback(worked)}.`
}

const ordinals = ['', 'second', 'third', 'fourth', 'fifth', 'sixth']

const cut = (what: string, from: number, to: number): string[] =>
  from - to >= leastShare ? [`${what} from ${percent(from)} to ${percent(to)}`] : []

const sooner = (fromMs: number, toMs: number): string[] =>
  fromMs - toMs >= leastMs && toMs <= leastFactor * fromMs
    ? [`the p95 of first tokens from ${seconds(fromMs)} to ${seconds(toMs)}`]
    : []

function payback({ usdSavedPerDay: saved, paybackDays, machineUsd }: Worked): string {
  if (saved < 0.005) return machineUsd === undefined ? '' : ', and saves no money'
  if (machineUsd === undefined || paybackDays === undefined)
    return `, and saves ${usd(saved)} a day: in a year, as much as a machine of ${wholeUsd(saved * 365)}`
  return `, saves ${usd(saved)} a day, and pays for itself in ${days(paybackDays)} at ${wholeUsd(machineUsd)}`
}

function fewerSentence({ upstream, busy }: Candidate & { type: 'fewer' }, worked: Worked): string | undefined {
  const { before, after, usdSavedPerDay } = worked
  const isMissed =
    after.spilled.requests - before.spilled.requests >= leastShare ||
    refusedShare(after) - refusedShare(before) >= leastShare / 2 ||
    after.firstTokenMs.p95 > Math.max(before.firstTokenMs.p95 * 1.2, before.firstTokenMs.p95 + leastMs)
  if (isMissed) return undefined
  const dearer = usdSavedPerDay <= -0.005 ? `, for ${usd(-usdSavedPerDay)} more a day` : ''
  return (
    `${upstream} is hardly needed: it had work ${percent(busy)} of the time, and without it ${percent(refusedShare(after))} ` +
    `would be refused instead of ${percent(refusedShare(before))}, with a p95 of first tokens of ` +
    `${seconds(after.firstTokenMs.p95)} instead of ${seconds(before.firstTokenMs.p95)}${dearer}.`
  )
}

function budgetSentence({ before, after, usdSavedPerDay }: Worked): string | undefined {
  const [from = 0, to = 0] = [before, after].map(({ refusals }) => refusals['over-budget'])
  if (from - to < Math.max(1, leastShare * from)) return undefined
  return (
    `Twice the budgets would answer ${from - to} of the ${from} requests that were refused for money, ` +
    `for ${usd(Math.max(-usdSavedPerDay, 0))} more a day.`
  )
}

export interface VerdictParts extends Pick<AdviceParts, 'before' | 'after' | 'machineUsd'> {
  /** Of the plan: `with 1 more gpu-1`. */
  readonly title: string
  /** Machines at home that there would be more. */
  readonly machines: number
}

/** What the plan that was asked for does, in one sentence. */
export function verdictOn({ title, before, after, machines, machineUsd }: VerdictParts): string {
  const saved = before.usdPerDay - after.usdPerDay
  const parts = [
    ...changedFrom('spill', before.spilled.requests, after.spilled.requests, percent),
    ...changedFrom('refusals', refusedShare(before), refusedShare(after), percent),
    ...changedFrom('the p95 of first tokens', before.firstTokenMs.p95, after.firstTokenMs.p95, seconds),
  ]
  const told = parts.length === 0 ? 'nothing changes that callers would notice' : listed(parts)
  const money = Math.abs(saved) < 0.005 ? '' : `; a day costs ${usd(Math.abs(saved))} ${saved > 0 ? 'less' : 'more'}`
  const price = machines * (machineUsd ?? 0)
  const paid = price > 0 && saved >= 0.005 ? `, which pays ${wholeUsd(price)} in ${days(price / saved)}` : ''
  return `${title[0]!.toUpperCase()}${title.slice(1)}, ${told}${money}${paid}.`
}

function changedFrom(what: string, from: number, to: number, shown: (value: number) => string): string[] {
  return shown(from) === shown(to) ? [] : [`${what} is ${shown(to)} instead of ${shown(from)}`]
}

/** From less than a day nobody knows what a month is like. Undefined where there is enough. */
export function caution(spellMs: number): string | undefined {
  if (spellMs >= 0.8 * dayMs) return undefined
  return `All this comes from ${span(spellMs)} of requests, and what is said of a day takes all of it to be like them.`
}

function span(ms: number): string {
  if (ms < 90_000) return counted(ms / 1_000, 'second')
  return ms < 7_200_000 ? counted(ms / 60_000, 'minute') : `${(ms / 3_600_000).toFixed(1)} hours`
}

const counted = (count: number, unit: string): string => (count < 1.5 ? `one ${unit}` : `${Math.round(count)} ${unit}s`)

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

const percent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.0995 ? 1 : 0)} %`

const seconds = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`)

const usd = (dollars: number): string => `$${dollars.toFixed(2)}`

const wholeUsd = (dollars: number): string => `$${Math.round(dollars).toLocaleString('en')}`

function days(count: number): string {
  if (count >= 730) return `${(count / 365).toFixed(1)} years`
  return count < 1.5 ? 'a day' : `${Math.round(count)} days`
}
