import { stepMsAt } from '../../sim/engine-spec.ts'
import { companiesOf, type Company, type Habits } from './company.ts'
import { amountsBehind, type Measured, median } from './robust.ts'
import { isSeen, type SeenStay, type Stay } from './stays.ts'

/** What can be read off the times of a recording about a server that reads prompts and says a token a step. */
export interface Pace {
  readonly networkMs: number
  readonly readMsPerToken: number
  readonly stepMs: readonly (readonly [running: number, ms: number])[]
  readonly prefillStalls: boolean
}

const rounds = 6
/** Steps and answers that a number of speakers has to be seen for to have a step of its own. */
const stepsLeast = 150
const staysLeast = 8

/**
 * Every answer took so many steps, each as long as it is with that many at once; and its first token came after its own prompt
 * was read, those before it, and the step under way. How many were there when is known from when tokens came, and how that
 * adds up to steps from the pace: so it is reckoned again and again, a little better each time.
 */
export function estimate(stays: readonly Stay[], { prefillStalls, slots }: Supposed): Pace {
  const seen = stays.filter(isSeen)
  let pace = firstGuess(seen, prefillStalls)
  for (let round = 0; round < rounds; round += 1) pace = better(stays, seen, pace, slots)
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

function better(stays: readonly Stay[], seen: readonly SeenStay[], pace: Pace, slots: number): Pace {
  const companies = companiesOf(stays, pace satisfies Habits)
  const steps = new Map(seen.map((stay) => [stay, stepsOf(stay, companies.get(stay)!, pace)]))
  const knots = knotsFor([...steps.values()])
  const all: Measured[] = []
  for (const stay of seen) {
    const company = companies.get(stay)!
    const stalls = pace.prefillStalls ? 1 : 0
    if (says(stay)) {
      const parts = [0, stalls * company.readMeanwhile, ...spreadOver(knots, steps.get(stay)!)]
      all.push({ parts, whole: stay.endAt - stay.firstAt })
    }
    // It stood in line inside, for somebody to end.
    if (company.thereThen >= slots) continue
    const under: number[] = []
    // Who comes at any moment waits for half a step. Who comes because another has ended finds the next one just begun.
    const waits = stalls * company.speakingThen > 0
    if (waits) under[company.speakingThen] = stay.hasWaited ? 1 : 0.5
    const isOnItsWay = waits && stay.hasWaited
    const parts = [isOnItsWay ? 0 : 1, stay.readTokens + company.readBefore, ...spreadOver(knots, under)]
    all.push({ parts, whole: stay.firstAt - stay.sentAt })
  }
  const [networkMs = 0, readMsPerToken = 0, ...stepMs] = amountsBehind(all, knots.length + 2)
  const weights = knots.map((_, index) => all.reduce((sum, { parts }) => sum + parts[index + 2]!, 0))
  return {
    ...pace,
    networkMs,
    readMsPerToken,
    stepMs: rising(stepMs, weights).map((ms, index) => [knots[index]!, ms] as const),
  }
}

/** How many steps of a stay there were with so many speakers: as many as it said tokens, shared out by the time that took. */
function stepsOf({ outputTokens }: SeenStay, { speakingMs }: Company, { stepMs }: Pace): number[] {
  const steps = speakingMs.map((ms, running) => ms / Math.max(stepMsAt(stepMs, running), 1e-6))
  const sum = steps.reduce((total, count) => total + count, 0)
  return sum === 0 ? [0, outputTokens - 1] : steps.map((count) => (count * (outputTokens - 1)) / sum)
}

/** The numbers of speakers that were seen often enough; between two of them steps are reckoned to lie on a straight line. */
function knotsFor(all: readonly (readonly number[])[]): number[] {
  const most = all.reduce((longest, { length }) => Math.max(longest, length), 2)
  const seen: number[] = []
  let [count, answers, upTo] = [0, 0, 1]
  for (let running = 1; running < most; running += 1) {
    for (const steps of all) {
      const here = steps[running] ?? 0
      count += here
      if (here >= 1) answers += 1
    }
    const isEnough = count >= stepsLeast && answers >= staysLeast
    if (!isEnough || running < upTo) continue
    seen.push(running)
    upTo = Math.ceil(running * 1.25)
    ;[count, answers] = [0, 0]
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
      spread[knots.length - 1]! += (amount * running) / knots.at(-1)!
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
