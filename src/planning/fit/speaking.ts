import { stepMsAt } from '../../sim/engine-spec.ts'
import type { Company } from './company.ts'
import { amountsBehind } from './robust.ts'
import type { SeenStay } from './stays.ts'

/** How fast a server speaks. */
export interface Speaking {
  readonly stepMs: readonly (readonly [running: number, ms: number])[]
  /** Of what they say otherwise, so much is said while somebody is read. Undefined where that was too seldom to tell. */
  readonly besideShare: number | undefined
}

/** With so many steps of usual length, of so many answers, a number of speakers has a step of its own. */
const stepsLeast = 150
const staysLeast = 8

/**
 * The tokens of an answer are the times it had with so many speakers, each at its rate. What is said while somebody is read, or is
 * there and waits for that, has rates of its own: how long a server really is at it is nowhere taken down.
 */
export function speakingBy(
  stays: readonly SeenStay[],
  companies: ReadonlyMap<SeenStay, Company>,
  guessed: Speaking['stepMs'],
): Speaking {
  const speaking = stays.map((stay) => ({ stay, its: companies.get(stay)! }))
  const stepMs = stepMsAt(guessed, 1)
  const knots = knotsFor(
    speaking.map(({ its }) => its.speakingMs),
    stepMs,
  )
  const all = speaking.map(({ stay, its }) => ({
    parts: [...spreadOver(knots, its.speakingMs), its.besideMs, its.beforeMs],
    whole: stay.outputTokens - 1,
  }))
  const spentMs = knots.map((_, index) => all.reduce((sum, { parts }) => sum + parts[index]!, 0))
  const guess = knots.map((running) => 1 / Math.max(stepMsAt(guessed, running), 1e-6))
  const slow = guess.at(-1)! / 4
  const found = amountsBehind(all, knots.length + 2, [...guess, slow, slow])
  const perMs = falling(found.slice(0, knots.length), spentMs)
  const besideMs = speaking.reduce((sum, { its }) => sum + its.besideMs, 0)
  return {
    stepMs: perMs.map((tokens, index) => [knots[index]!, 1 / Math.max(tokens, 1e-6)] as const),
    besideShare: besideMs < stepsLeast * stepMs ? undefined : found[knots.length]! / meanOf(perMs, spentMs),
  }
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

/** Nobody speaks faster for more of them: what says otherwise is chance, and is put together. */
function falling(perMs: readonly number[], ms: readonly number[]): number[] {
  const blocks: { tokens: number; ms: number; count: number }[] = []
  perMs.forEach((rate, index) => {
    const spent = Math.max(ms[index]!, 1e-9)
    blocks.push({ tokens: rate * spent, ms: spent, count: 1 })
    while (blocks.length > 1 && rateOf(blocks.at(-2)!) < rateOf(blocks.at(-1)!)) {
      const [slow, fast] = [blocks.pop()!, blocks.pop()!]
      blocks.push({ tokens: fast.tokens + slow.tokens, ms: fast.ms + slow.ms, count: fast.count + slow.count })
    }
  })
  return blocks.flatMap((block) => Array.from({ length: block.count }, () => rateOf(block)))
}

const meanOf = (perMs: readonly number[], ms: readonly number[]): number =>
  perMs.reduce((sum, rate, index) => sum + rate * ms[index]!, 0) / ms.reduce((sum, spent) => sum + spent, 1e-9)

const rateOf = ({ tokens, ms }: { readonly tokens: number; readonly ms: number }): number => tokens / ms
