import { stepMsAt } from '../../sim/engine-spec.ts'
import { companiesOf, type Company } from './company.ts'
import { amountsBehind, type Measured, median } from './robust.ts'
import { isSeen, type SeenStay, type Stay } from './stays.ts'

/** What can be read off the times of a recording about a server that reads prompts and says a token a step. */
export interface Pace {
  readonly networkMs: number
  readonly readMsPerToken: number
  readonly stepMs: readonly (readonly [running: number, ms: number])[]
  readonly prefillStalls: boolean
}

const rounds = 4
/** With so many steps of usual length, of so many answers, a number of speakers has a step of its own. */
const stepsLeast = 150
const staysLeast = 8

/**
 * While so many speak, each of them says tokens at one rate: so the tokens of an answer are the times it had with so many, each
 * at its rate. And a first token comes after its own prompt was read, those before it, and the step under way. When nobody can
 * have spoken, since prompts were read, depends on how fast those are read: so it is reckoned several times.
 */
export function estimate(stays: readonly Stay[], supposed: Supposed): Pace {
  const seen = stays.filter(isSeen)
  let pace = firstGuess(seen, supposed.prefillStalls)
  for (let round = 0; round < rounds; round += 1) {
    const companies = companiesOf(stays, pace)
    pace = { ...pace, stepMs: stepsBy(seen, companies, pace) }
    pace = { ...pace, ...readingBy(seen, companies, pace, supposed.slots) }
  }
  return pace
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
    readMsPerToken: (readMs || 0) / 2,
    stepMs: [[1, Number.isFinite(stepMs) ? stepMs : 0]],
    prefillStalls,
  }
}

const says = ({ outputTokens }: Stay): boolean => outputTokens > 1

type Companies = ReadonlyMap<SeenStay, Company>

function stepsBy(seen: readonly SeenStay[], companies: Companies, { stepMs }: Pace): Pace['stepMs'] {
  const speaking = seen.filter(says).map((stay) => ({ stay, ms: companies.get(stay)!.speakingMs }))
  const knots = knotsFor(
    speaking.map(({ ms }) => ms),
    stepMsAt(stepMs, 1),
  )
  const all = speaking.map(({ stay, ms }) => ({ parts: spreadOver(knots, ms), whole: stay.outputTokens - 1 }))
  const weights = knots.map((_, index) => all.reduce((sum, { parts }) => sum + parts[index]!, 0))
  const perMs = amountsBehind(all, knots.length)
  const steps = perMs.map((tokens) => 1 / Math.max(tokens, 1e-6))
  return rising(steps, weights).map((ms, index) => [knots[index]!, ms] as const)
}

function readingBy(
  seen: readonly SeenStay[],
  companies: Companies,
  { prefillStalls, stepMs }: Pace,
  slots: number,
): Pick<Pace, 'networkMs' | 'readMsPerToken'> {
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
  return { networkMs: Math.max(0, ways.length > 0 ? median(ways) : 0), readMsPerToken }
}

/** The numbers of speakers that were seen often enough; between two of them steps are reckoned to lie on a straight line. */
function knotsFor(all: readonly (readonly number[])[], stepMs: number): number[] {
  const most = all.reduce((longest, { length }) => Math.max(longest, length), 2)
  const seen: number[] = []
  let [spentMs, answers, upTo] = [0, 0, 1]
  for (let running = 1; running < most; running += 1) {
    for (const ms of all) {
      const here = ms[running] ?? 0
      spentMs += here
      if (here > stepMs) answers += 1
    }
    const isEnough = spentMs >= stepsLeast * stepMs && answers >= staysLeast
    if (!isEnough || running < upTo) continue
    seen.push(running)
    upTo = Math.ceil(running * 1.25)
    ;[spentMs, answers] = [0, 0]
  }
  return seen.length > 0 ? seen : [1]
}

/** Each knot has what is at it, and its share of what is beside it. */
function spreadOver(knots: readonly number[], amounts: readonly number[]): number[] {
  const spread = knots.map(() => 0)
  amounts.forEach((amount, running) => {
    if (amount === 0) return
    const above = knots.findIndex((knot) => knot >= running)
    if (above === -1) {
      // Beyond the last one it goes on in proportion, as in the simulator.
      spread[knots.length - 1]! += (amount * knots.at(-1)!) / running
      return
    }
    if (above === 0) {
      spread[0]! += amount
      return
    }
    const [low, high] = [knots[above - 1]!, knots[above]!]
    const share = (running - low) / (high - low)
    spread[above - 1]! += amount * (1 - share)
    spread[above]! += amount * share
  })
  return spread
}

/** A step is never shorter for more of them: what says otherwise is chance, and is put together. */
function rising(values: readonly number[], weights: readonly number[]): number[] {
  const blocks: { mean: number; weight: number; count: number }[] = []
  values.forEach((value, index) => {
    blocks.push({ mean: value, weight: Math.max(weights[index]!, 1e-9), count: 1 })
    while (blocks.length > 1 && blocks.at(-2)!.mean > blocks.at(-1)!.mean) {
      const [high, low] = [blocks.pop()!, blocks.pop()!]
      const weight = high.weight + low.weight
      blocks.push({
        mean: (high.mean * high.weight + low.mean * low.weight) / weight,
        weight,
        count: high.count + low.count,
      })
    }
  })
  return blocks.flatMap(({ mean, count }) => Array.from({ length: count }, () => mean))
}
