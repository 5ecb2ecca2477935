import type { EngineSpec } from '../../sim/engine-spec.ts'
import type { Pace } from './estimate.ts'
import { median, quantile } from './robust.ts'
import { type Rehearsed, rehearse } from './rehearse.ts'
import { isSeen, type Stay } from './stays.ts'

/** Numbers are changed by so much, and by less when that makes nothing better any more. */
const strides = [0.15, 0.06, 0.025, 0.01]

/** Nobody waits for a fit for ever: so many rehearsals. */
const triesMost = 160

/**
 * What was read off a recording, moved until a simulated machine with these numbers does the same: one number after the other, as
 * long as that makes it more alike.
 */
export async function refined(stays: readonly Stay[], begin: Pace, engine: EngineSpec): Promise<Refined> {
  let tries = 0
  const offOf = async (pace: Pace): Promise<number> => {
    tries += 1
    return offBy(stays, await rehearse(stays, { engine: { ...engine, ...engineOf(pace) }, networkMs: pace.networkMs }))
  }
  let best = { pace: begin, off: await offOf(begin) }
  for (const stride of strides) {
    for (let isBetter = true; isBetter && tries < triesMost;) {
      isBetter = false
      for (const move of movesOf(best.pace)) {
        for (const times of [1 + stride, 1 / (1 + stride)]) {
          const pace = move(times)
          const off = await offOf(pace)
          if (off >= best.off * 0.999) continue
          best = { pace, off }
          isBetter = true
          break
        }
      }
    }
  }
  return best
}

export interface Refined {
  readonly pace: Pace
  /** How far it is from what was recorded: 0 is nothing, 0.1 about a tenth of each time. */
  readonly off: number
}

export const engineOf = ({ prefillStalls, readMsPerToken, stepMs }: Pace): Partial<EngineSpec> => ({
  prefillStalls,
  prefillTokensPerSecond: 1_000 / Math.max(readMsPerToken, 1e-6),
  stepMs,
})

/** Everything at once, then the numbers by themselves. */
function movesOf(pace: Pace): ((times: number) => Pace)[] {
  const { stepMs } = pace
  const moves = [
    (times: number): Pace => ({ ...pace, stepMs: stepMs.map(([running, ms]) => [running, ms * times]) }),
    (times: number): Pace => ({ ...pace, readMsPerToken: pace.readMsPerToken * times }),
    (times: number): Pace => ({ ...pace, networkMs: (pace.networkMs + 1) * times - 1 }),
  ]
  if (stepMs.length === 1) return moves
  const most = stepMs.at(-1)![0]
  // The slope by itself: what few of them cost and what many do are not the same question.
  return [
    ...moves,
    (times: number): Pace => ({
      ...pace,
      stepMs: stepMs.map(([running, ms]) => [running, ms * times ** ((2 * (running - 1)) / Math.max(most - 1, 1) - 1)]),
    }),
  ].map((move) => (times: number) => sound(move(times)))
}

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
    return [{ was: { firstMs, totalMs }, is: its ?? { firstMs: firstMs * 50, totalMs: totalMs * 50 } }]
  })
  if (pairs.length === 0) return 0
  const floorMs = 1 + 0.05 * median(pairs.map(({ was }) => was.firstMs))
  const apart = (is: number, was: number): number => Math.abs(Math.log((is + floorMs) / (was + floorMs)))
  let [each, together] = [0, 0]
  for (const kind of ['firstMs', 'totalMs'] as const) {
    const [was, is] = [pairs.map((pair) => pair.was[kind]), pairs.map((pair) => pair.is[kind])]
    each += meanOf(was.map((ms, index) => apart(is[index]!, ms)))
    together +=
      meanOf(parts.map((part) => apart(quantile(is, part), quantile(was, part)))) + apart(meanOf(is), meanOf(was))
  }
  return each / 4 + together / 2
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
