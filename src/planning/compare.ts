import { paidTier } from '../core/money.ts'
import type { Recording } from '../recording/read.ts'
import { type Advice, adviceFor, caution, verdictOn } from './advice.ts'
import { candidatesFor } from './candidates.ts'
import { type Column, columnOf, type Difference, differencesOf } from './columns.ts'
import type { Crew } from './crew.ts'
import type { Passage } from './passage.ts'
import { changed, type Plan, titleOf } from './plan.ts'
import type { PlayParts } from './play.ts'
import { assumedFor, remarksOnModels, remarksOnRecording } from './remarks.ts'
import { isWorthAsking } from './traffic.ts'

export interface ComparisonParts extends Omit<PlayParts, 'isHeld'> {
  /** What happened; undefined where it never did, as with a trace. */
  readonly recording: Recording | undefined
  readonly asItWas: Plan
  readonly tried: Plan | undefined
  /** Whether other changes are simulated as well, to see what might help. */
  readonly isAdvised: boolean
  /** What one more machine costs. */
  readonly machineUsd: number | undefined
  /** Told what is being simulated, since that may take a while. */
  readonly onPlay: (name: string) => void
  /** Who plays the plans. */
  readonly crew: Crew
}

/** The same requests with several plans, side by side with what happened. It is plain JSON. */
export interface Comparison {
  readonly requests: number
  /** In milliseconds since 1970, of the first arrival; undefined for what was never recorded. */
  readonly beganAt: number | undefined
  readonly spellMs: number
  readonly columns: readonly Column[]
  /** Where what was recorded and the simulation of it are too far apart; undefined where nothing was recorded. */
  readonly differences: readonly Difference[] | undefined
  readonly remarks: readonly string[]
  /** What was taken for granted, since nobody measured it. */
  readonly assumed: readonly string[]
  /** What the plan that was tried does, in one sentence. */
  readonly verdict: string | undefined
  readonly advice: readonly Advice[]
  /** How far the advice reaches. */
  readonly caution: string | undefined
}

const adviceMost = 3

export async function compare(parts: ComparisonParts): Promise<Comparison> {
  const { recording, traffic, asItWas, tried, stock, outages } = parts
  const { requests, beganAt, spellMs } = traffic
  const columns: Column[] = []
  if (recording !== undefined) {
    const passages = recording.requests.filter(isWorthAsking)
    columns.push(columnOf({ id: 'recorded', name: 'as recorded' }, passages, spellMs))
  }
  const plan = tried ?? asItWas
  const beginning = played(asItWas, 'as-it-was', parts)
  const ending = tried === undefined ? beginning : played(tried, 'changed', parts)
  const advising = parts.isAdvised ? ending.then((last) => advised(plan, last, parts)) : []
  const [before, last, advice] = await Promise.all([beginning, ending, advising])
  columns.push(before.column)
  if (last !== before) columns.push(last.column)
  const [recorded, simulated] = columns
  return {
    requests,
    beganAt,
    spellMs,
    columns,
    differences: recording === undefined ? undefined : differencesOf(recorded!.all, simulated!.all),
    remarks: [
      ...(recording === undefined ? [] : remarksOnRecording(recording, outages)),
      ...remarksOnModels(plan, stock, traffic),
    ],
    assumed: [...new Set([asItWas, plan].flatMap((one) => assumedFor(one, stock)))],
    verdict: tried && verdictFor(tried, before, last, parts),
    advice,
    caution: tried !== undefined || advice.length > 0 ? caution(spellMs) : undefined,
  }
}

function verdictFor(tried: Plan, before: Played, after: Played, { asItWas, machineUsd }: ComparisonParts): string {
  const atHome = ({ settings }: Plan): number => settings.upstreams.filter(({ tier }) => tier < paidTier).length
  return verdictOn({
    title: titleOf(tried),
    before: before.column.all,
    after: after.column.all,
    machines: Math.max(atHome(tried) - atHome(asItWas), 0),
    machineUsd,
  })
}

interface Played {
  readonly passages: readonly Passage[]
  readonly column: Column
}

async function played(plan: Plan, id: Column['id'], parts: ComparisonParts): Promise<Played> {
  const { crew, onPlay, traffic, stock, seed, outages } = parts
  const title = titleOf(plan)
  const passages = await crew.play(plan, { traffic, stock, seed, outages }, () => onPlay(title))
  return { passages, column: columnOf({ id, name: `simulated ${title}` }, passages, traffic.spellMs) }
}

/** Of each change that could help, by itself, what a simulation says of it; the most useful first. */
async function advised(
  plan: Plan,
  { passages, column: { all: before } }: Played,
  parts: ComparisonParts,
): Promise<Advice[]> {
  const { traffic, machineUsd } = parts
  const candidates = candidatesFor(plan, passages, { all: before, spellMs: traffic.spellMs })
  const all = await Promise.all(
    candidates.map(async (candidate) => {
      const { column } = await played(changed(plan, [candidate.change]), 'changed', parts)
      const alike = candidate.type === 'more' ? alikeIn(plan, candidate.upstream) : 0
      return adviceFor(candidate, { before, after: column.all, alike, machineUsd })
    }),
  )
  return all.filter((advice) => advice !== undefined).slice(0, adviceMost)
}

function alikeIn({ settings: { upstreams }, likeness }: Plan, name: string): number {
  const like = likeness.get(name) ?? name
  return upstreams.filter((one) => (likeness.get(one.name) ?? one.name) === like).length
}
