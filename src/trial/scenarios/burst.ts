import { quantile } from '../../core/quantile.ts'
import type { Sample } from '../sample.ts'
import type { Target } from '../target.ts'
import { fateOf, firstTokens, isWhole, quantileOf, shareOf, spilledShare, whatFailed, whoAnswered } from './fate.ts'
import {
  armsOf,
  bySide,
  type Field,
  type Figure,
  type Result,
  type Scenario,
  type Side,
  sideNames,
} from './scenario.ts'

/** A few at the same moment: the last of them is who complains. */
export const burst: Scenario = {
  name: 'burst',
  title: 'Five at once',
  about:
    'Five requests for one model at the same moment, again and again, when all of the last five are done. What the first and what the last of them get, and who has to go elsewhere.',
  lastsMs: ({ forMs, answerMs, hasDirect }) => Math.max(forMs, roundsLeast * atOnce * answerMs) * (hasDirect ? 2 : 1),
  run: runBurst,
}

const atOnce = 5
const roundsLeast = 2
/** Where nobody answers, there is nothing to be had by asking as fast as one can. */
const restMs = 500

interface Round {
  readonly side: Side
  readonly samples: readonly Sample[]
}

async function runBurst(field: Field): Promise<Result> {
  const { world, signal, say } = field
  const arms = armsOf(field)
  const rounds: Round[] = []
  const untilMs = world.now() + field.forMs * arms.length
  for (let round = 0; !signal.aborted && (world.now() < untilMs || round < roundsLeast); round += 1) {
    for (const { side, target } of round % 2 === 0 ? arms : arms.toReversed()) {
      say(`five at once for the ${nth(round)} time, ${sideNames[side]}`)
      const samples = await askTogether(field, target)
      if (signal.aborted) break
      rounds.push({ side, samples })
      if (!samples.some(isWhole)) await world.sleep(restMs, signal)
    }
  }
  return told(field, rounds)
}

const nth = (index: number): string => `${index + 1}${['st', 'nd', 'rd'][index] ?? 'th'}`

function askTogether({ questions, signal }: Field, target: Target): Promise<Sample[]> {
  const first = questions.next()
  return Promise.all(
    // All of one length: what differs is the waiting.
    Array.from({ length: atOnce }, (_, i) =>
      target.ask(i === 0 ? first : { ...questions.next(), outputTokens: first.outputTokens }, signal),
    ),
  )
}

function told(field: Field, rounds: readonly Round[]): Result {
  const arms = armsOf(field)
  const of = (side: Side): readonly Sample[] =>
    rounds.filter((round) => round.side === side).flatMap(({ samples }) => samples)
  const figure = (
    id: string,
    what: string,
    means: string,
    unit: Figure['unit'],
    from: (samples: readonly Sample[], side: Side) => number | undefined,
  ): Figure => ({ id, what, means, unit, ...bySide(arms, (side) => from(of(side), side)) })
  const firstToken = ({ firstTokenMs }: Sample): number | undefined => firstTokenMs
  const ends = bySide(arms, (side) => endsByPlace(rounds.filter((round) => round.side === side)))
  const all = of('gateway')
  const notes = [whoAnswered(all), ...arms.map(({ side }) => whatFailed(of(side), sideNames[side]))]
  return {
    figures: [
      figure(
        'first_token_p50_ms',
        'first token, half within',
        'half of all heard the first word by then',
        'ms',
        (samples) => quantileOf(samples, 0.5, firstToken),
      ),
      figure(
        'first_token_p99_ms',
        'first token, 99 % within',
        'of a few rounds this is the longest that anybody waited',
        'ms',
        (samples) => quantileOf(samples, 0.99, firstToken),
      ),
      figure(
        'first_done_ms',
        'first of the five done',
        'how long its whole answer took, in the middle of all rounds',
        'ms',
        (_, side) => ends[side]?.[0],
      ),
      figure(
        'last_done_ms',
        'last of the five done',
        'the same for the one who waited longest; never, where one was mostly refused',
        'ms',
        (_, side) => ends[side]?.at(-1),
      ),
      figure(
        'spilled_share',
        'answered for money',
        'by servers that cost more than those at home',
        'share',
        (samples) => spilledShare(samples, field.isSpill),
      ),
      figure('refused_share', 'refused', 'turned away at once, with the time to come back', 'share', (samples) =>
        shareOf(samples, (sample) => fateOf(sample, Infinity) === 'refused'),
      ),
    ],
    plots: [
      {
        type: 'distribution',
        name: 'burst-first-token',
        title: 'Five at once: first token',
        label: 'first token within',
        series: arms.map(({ side }) => ({ name: sideNames[side], values: firstTokens(of(side)) })),
      },
      {
        type: 'bars',
        name: 'burst-done',
        title: 'Five at once: when each had its whole answer',
        groups: Array.from({ length: atOnce }, (_, place) => ({
          name: `the ${nth(place)} to be done`,
          bars: arms.map(({ side }) => ({ name: sideNames[side], value: ends[side]?.[place] ?? NaN })),
        })),
      },
    ],
    notes: [
      `${rounds.filter(({ side }) => side === 'gateway').length} rounds of ${atOnce}.`,
      ...notes.filter((note) => note !== undefined),
    ],
    isWhole: !field.signal.aborted,
  }
}

/** When the first of a round had its whole answer, the second and so on: each in the middle of all rounds. */
function endsByPlace(rounds: readonly Round[]): readonly number[] {
  const sorted = rounds.map(({ samples }) =>
    samples.map((sample) => (isWhole(sample) ? sample.totalMs : Infinity)).toSorted((one, other) => one - other),
  )
  if (sorted.length === 0) return []
  return Array.from({ length: atOnce }, (_, place) =>
    quantile(
      sorted.map((ends) => ends[place]!),
      0.5,
    ),
  )
}
