import { settingsAsRecorded } from '../../src/planning/as-recorded.ts'
import { type Measures, measuresOf } from '../../src/planning/measures.ts'
import type { Passage } from '../../src/planning/passage.ts'
import { play } from '../../src/planning/play.ts'
import { emptyStock, stockOf } from '../../src/planning/stock.ts'
import { recordedTraffic } from '../../src/planning/traffic.ts'
import type { Recording } from '../../src/recording/read.ts'
import type { ServerOptions } from '../../src/sim/server-spec.ts'

/** What is compared, and what the bar is about. */
export const figures = [
  { id: 'first-token-p50', name: 'first token p50, ms', of: ({ firstTokenMs }: Measures): number => firstTokenMs.p50 },
  { id: 'first-token-p99', name: 'first token p99, ms', of: ({ firstTokenMs }: Measures): number => firstTokenMs.p99 },
  { id: 'throughput', name: 'tokens a second', of: ({ tokensPerSecond }: Measures): number => tokensPerSecond },
  { id: 'shed', name: 'turned away, %', of: ({ refused, requests }: Measures): number => (refused * 100) / requests },
] as const

export interface Compared {
  readonly recorded: Measures
  /** The same once for each seed: chance settles what a recording cannot know, such as how long an answer nobody got would have been. */
  readonly simulated: readonly Measures[]
  /** In milliseconds: those that were, and those of the first seed. */
  readonly firstTokens: { readonly recorded: readonly number[]; readonly simulated: readonly number[] }
}

/** The recorded requests once more, before simulated machines. */
export async function replayed(
  recording: Recording,
  machines: ReadonlyMap<string, ServerOptions>,
  seeds: readonly number[],
): Promise<Compared> {
  const plan = {
    name: 'as it was',
    changes: [],
    settings: settingsAsRecorded(recording.settings.at(-1)!),
    likeness: new Map<string, string>(),
  }
  const stock = { ...emptyStock, ...stockOf(recording), machines }
  const simulated: Measures[] = []
  let firstTokens: readonly number[] | undefined
  const spell = { ms: recordedTraffic(recording, 1).spellMs }
  for (const seed of seeds) {
    const passages = await play(plan, { traffic: recordedTraffic(recording, seed), stock, seed, outages: true })
    simulated.push(measuresOf(passages, spell))
    firstTokens ??= firstTokensOf(passages)
  }
  return {
    recorded: measuresOf(recording.requests, spell),
    simulated,
    firstTokens: { recorded: firstTokensOf(recording.requests), simulated: firstTokens ?? [] },
  }
}

/** Of whoever was turned away none ever came. */
const firstTokensOf = (passages: readonly Pick<Passage, 'first_token_ms'>[]): number[] =>
  passages.map(({ first_token_ms: ms }) => ms ?? Infinity)

/** In percent of what was recorded: by how much the seeds differ from it in the middle, and each of them. */
export function offBy({ recorded, simulated }: Compared, of: (measures: Measures) => number): Off {
  const each = simulated.map((measures) => (of(measures) / of(recorded) - 1) * 100)
  return { middle: middleOf(each), each }
}

export interface Off {
  readonly middle: number
  readonly each: readonly number[]
}

export const middleOf = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]!
