import type { EngineSpec } from '../../sim/engine-spec.ts'
import type { Pace } from './estimate.ts'
import { median, quantile } from './robust.ts'
import { type Rehearsed, rehearse } from './rehearse.ts'
import { isSeen, type Stay } from './stays.ts'

/** Numbers are changed by so much, and by less when that makes nothing better any more. */
const strides = [0.1, 0.03, 0.01]

/** Nobody waits for a fit for ever: so many rehearsals. */
const triesMost = 80

/**
 * What was read off a recording, moved until a simulated machine with these numbers does the same: one number after the other, as
 * long as that makes it more alike.
 */
export async function refined(stays: readonly Stay[], begin: Pace, engine: EngineSpec): Promise<Refined> {
  const rehearsed = async (pace: Pace): Promise<Refined> => {
    const machine = { engine: { ...engine, ...engineOf(pace) }, networkMs: pace.networkMs }
    const off = offBy(stays, await rehearse(stays, machine))
    return { pace, off: off + trust * movedBy(begin, pace) }
  }
  let best = await rehearsed(begin)
  let left = triesMost
  const moves = movesOf(begin)
  for (const stride of strides) {
    let was: Refined
    do {
      was = best
      for (const move of moves) {
        for (const times of [1 + stride, 1 / (1 + stride)]) {
          if (left === 0) return best
          left -= 1
          const tried = await rehearsed(sound(move(best.pace, times)))
          if (tried.off >= best.off * 0.999) continue
          best = tried
          break
        }
      }
    } while (best !== was)
  }
  return best
}

/**
 * A number that was read off is left for another one only where that makes times more alike by more than this, of how far it goes:
 * small differences are chance.
 */
const trust = 0.5

function movedBy(from: Pace, to: Pace): number {
  const steps = from.stepMs.map(([, ms], index) => apart(to.stepMs[index]![1], ms))
  return apart(to.readMsPerToken, from.readMsPerToken) + Math.max(0, ...steps)
}

const apart = (one: number, other: number): number => Math.abs(Math.log((one + 1e-6) / (other + 1e-6)))

export interface Refined {
  readonly pace: Pace
  /** How far it is from what was recorded: 0 is nothing, 0.1 about a tenth of each time. */
  readonly off: number
}

export const engineOf = ({ prefillStalls, prefillMs, readMsPerToken, stepMs }: Pace): Partial<EngineSpec> => ({
  prefillStalls,
  prefillMs,
  prefillTokensPerSecond: 1_000 / Math.max(readMsPerToken, 1e-6),
  stepMs,
})

type Move = (pace: Pace, times: number) => Pace

const timesAll: Move = (pace, times) => ({ ...pace, stepMs: pace.stepMs.map(([running, ms]) => [running, ms * times]) })

/** What few of them cost and what many do are not the same question. */
const tilt: Move = (pace, times) => {
  const span = Math.max(pace.stepMs.at(-1)![0] - 1, 1)
  return {
    ...pace,
    stepMs: pace.stepMs.map(([running, ms]) => [running, ms * times ** ((2 * (running - 1)) / span - 1)]),
  }
}

const read: Move = (pace, times) => ({ ...pace, readMsPerToken: pace.readMsPerToken * times })

const network: Move = (pace, times) => ({ ...pace, networkMs: (pace.networkMs + 1) * times - 1 })

/** What passes before a first token, beside its prompt's tokens, may keep others from speaking or not. */
const inside: Move = (pace, times) => {
  const ms = Math.max(
    Math.min((pace.networkMs + pace.prefillMs) * 2 * Math.log(times), pace.networkMs),
    -pace.prefillMs,
  )
  return { ...pace, networkMs: pace.networkMs - ms, prefillMs: pace.prefillMs + ms }
}

/** What is least known goes first. */
const movesOf = ({ prefillStalls }: Pace): readonly Move[] =>
  prefillStalls ? [inside, timesAll, tilt, read, network] : [timesAll, tilt, read, network]

/** No time is below 0, and no step shorter for more of them. */
function sound(pace: Pace): Pace {
  let least = 0
  const stepMs = pace.stepMs.map(([running, ms]) => [running, (least = Math.max(least, ms))] as const)
  return { ...pace, networkMs: Math.max(pace.networkMs, 0), stepMs }
}

/** Of how many is the first token, or the whole answer, no later than this. */
const parts = [0.1, 0.25, 0.5, 0.75, 0.9, 0.99]

/**
 * By how much the times differ, in logarithms: of each request by itself, and of all of them together, which is what people plan
 * by. What took long counts as much as it took of the machine.
 */
export function offBy(stays: readonly Stay[], rehearsed: readonly (Rehearsed | undefined)[]): number {
  const pairs = stays.flatMap((stay, index) => {
    const its = rehearsed[index]
    if (!isSeen(stay)) return []
    const [firstMs, totalMs] = [stay.firstAt - stay.sentAt, stay.endAt - stay.sentAt]
    const was = { firstMs, totalMs, isFull: stay.hasWaited }
    return [{ was, is: its ?? { firstMs: firstMs * 50, totalMs: totalMs * 50 } }]
  })
  if (pairs.length === 0) return 0
  const floorMs = 1 + 0.05 * median(pairs.map(({ was }) => was.firstMs))
  const asideFrom = (was: number, is: number): number => apart(is + floorMs, was + floorMs)
  let [each, together] = [0, 0]
  for (const kind of ['firstMs', 'totalMs'] as const) {
    const [was, is] = [pairs.map((pair) => pair.was[kind]), pairs.map((pair) => pair.is[kind])]
    each += meanOf(was.map((ms, index) => asideFrom(ms, is[index]!)))
    together +=
      meanOf(parts.map((part) => asideFrom(quantile(was, part), quantile(is, part)))) +
      asideFrom(meanOf(was), meanOf(is))
  }
  // What a server can do when it is full decides who is turned away.
  const full = pairs.filter(({ was }) => was.isFull)
  if (full.length >= fullLeast)
    together += 2 * asideFrom(meanOf(full.map(({ was }) => was.totalMs)), meanOf(full.map(({ is }) => is.totalMs)))
  return each / 4 + together / 2
}

/** Of those who had to wait for a place there have to be so many for their mean to say anything. */
const fullLeast = 30

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
