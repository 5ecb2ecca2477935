import { stepMsAt } from '../../sim/engine-spec.ts'
import { companiesOf, type Company } from './company.ts'
import { amountsBehind, type Measured, median } from './robust.ts'
import { type Speaking, speakingBy } from './speaking.ts'
import { isSeen, type SeenStay, type Stay } from './stays.ts'

/** What can be read off the times of a recording about a server that reads prompts and says a token a step. */
export interface Pace {
  readonly networkMs: number
  /** What each prompt takes of the machine beside its tokens. */
  readonly prefillMs: number
  readonly readMsPerToken: number
  readonly stepMs: readonly (readonly [running: number, ms: number])[]
  readonly prefillStalls: boolean
}

const rounds = 4

/**
 * While so many speak, each of them says tokens at one rate: so the tokens of an answer are the times it had with so many, each
 * at its rate. And a first token comes after its own prompt was read, those before it, and the step under way. When nobody can
 * have spoken, since prompts were read, depends on how fast those are read: so it is reckoned several times.
 */
export function estimate(stays: readonly Stay[], supposed: Supposed): Estimate {
  const seen = stays.filter(isSeen)
  let pace = firstGuess(seen, supposed.prefillStalls)
  let besideShare: number | undefined
  for (let round = 0; round < rounds; round += 1) {
    const companies = companiesOf(stays, pace)
    const speaking = speakingBy(seen.filter(says), companies, pace.stepMs)
    besideShare = speaking.besideShare
    pace = { ...pace, stepMs: speaking.stepMs }
    pace = { ...pace, ...readingBy(seen, companies, pace, supposed.slots) }
  }
  return { pace, besideShare }
}

export interface Estimate extends Pick<Speaking, 'besideShare'> {
  readonly pace: Pace
}

/** What a pace is read off under. */
export interface Supposed {
  readonly prefillStalls: boolean
  readonly slots: number
}

function firstGuess(seen: readonly SeenStay[], prefillStalls: boolean): Pace {
  const stepMs = median(seen.filter(says).map((stay) => (stay.endAt - stay.firstAt) / (stay.outputTokens - 1)))
  const readMs = median(seen.map(({ firstAt, sentAt, readTokens }) => (firstAt - sentAt) / readTokens))
  return {
    networkMs: 0,
    prefillMs: 0,
    readMsPerToken: (readMs || 0) / 2,
    stepMs: [[1, Number.isFinite(stepMs) ? stepMs : 0]],
    prefillStalls,
  }
}

const says = ({ outputTokens }: Stay): boolean => outputTokens > 1

type Companies = ReadonlyMap<SeenStay, Company>

function readingBy(
  seen: readonly SeenStay[],
  companies: Companies,
  { prefillStalls, stepMs }: Pace,
  slots: number,
): Pick<Pace, 'networkMs' | 'prefillMs' | 'readMsPerToken'> {
  const all: Measured[] = []
  const underWay: number[] = []
  for (const stay of seen) {
    const { readBefore, speakingThen, thereThen } = companies.get(stay)!
    // It stood in line inside, for somebody to end.
    if (thereThen >= slots) continue
    const waits = prefillStalls && speakingThen > 0
    const stepNowMs = waits ? stepMsAt(stepMs, speakingThen) : 0
    // Who comes at any moment waits for half a step. Who comes because another has ended finds the next one just begun.
    underWay.push(waits && !stay.hasWaited ? stepNowMs / 2 : stepNowMs)
    const how = waits ? (stay.hasWaited ? [0, 0, 1] : [0, 1, 0]) : [1, 0, 0]
    all.push({ parts: [stay.readTokens + readBefore, ...how], whole: stay.firstAt - stay.sentAt })
  }
  // How fast it reads shows in how much longer longer prompts take, whatever else there is to wait for.
  const readMsPerToken = amountsBehind(all, 4)[0] ?? 0
  const rest = all.map(({ parts, whole }, index) => whole - parts[0]! * readMsPerToken - underWay[index]!)
  const isOnItsWay = (index: number): boolean => all[index]!.parts[3] === 0
  const ways = rest.filter((_, index) => isOnItsWay(index))
  const wayMs = Math.max(0, ways.length > 0 ? median(ways) : 0)
  // Whether it passed on the way or in the machine cannot be told by who waited for it: only by what it kept others from.
  const prefillMs = prefillStalls ? wayMs / 2 : 0
  return { networkMs: wayMs - prefillMs, prefillMs, readMsPerToken }
}
