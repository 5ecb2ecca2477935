import type { World } from '../../../src/core/world.ts'
import { chanceOf } from '../../../src/sim/chance.ts'
import { type Answered, askOne, type Way } from './asking.ts'
import { inTurn } from './arms.ts'
import { arrivals, question, questionOf, meanTokens } from './questions.ts'

/** What servers get done in a second. */
export interface Rate {
  readonly answers: number
  readonly tokens: number
}

const warmUpMs = 1_500

/** How long an answer of middling length takes that has a server to itself: the median of some. */
export async function unloadedMs(world: World, origins: readonly string[]): Promise<number> {
  const origin = inTurn(origins)
  const took: number[] = []
  // The first on each server reads its weights from the disk.
  for (let number = 0; number < 10; number += 1) {
    const { fate, tookMs } = await askOne(world, { origin }, questionOf(number, meanTokens), 60_000)
    if (fate !== 'whole') throw new Error(`A server with nothing else to do gave an answer that was ${fate}.`)
    if (number >= origins.length) took.push(tookMs)
  }
  return took.sort((one, other) => one - other)[Math.floor(took.length / 2)]!
}

/** All slots of all servers busy, and a new question as soon as an answer has ended. */
export async function capacityOf(
  world: World,
  origins: readonly string[],
  { slots, lengthMs, seed }: { readonly slots: number; readonly lengthMs: number; readonly seed: number },
): Promise<Rate> {
  const chance = chanceOf(seed, 'capacity')
  const beganAt = world.now()
  const done: Answered[] = []
  let number = 0
  const caller = async (url: string): Promise<void> => {
    while (world.now() < beganAt + lengthMs) {
      number += 1
      const answered = await askOne(world, { origin: () => url }, question(number, chance), 60_000)
      const at = world.now() - beganAt
      if (answered.fate === 'whole' && at >= warmUpMs && at < lengthMs) done.push(answered)
    }
  }
  await Promise.all(origins.flatMap((url) => Array.from({ length: slots }, () => caller(url))))
  return rateOf(done, lengthMs - warmUpMs)
}

export interface Surge {
  readonly perSecond: number
  readonly lengthMs: number
  readonly deadlineMs: number
  readonly patienceMs: number
  readonly seed: number
}

/** Everybody asks when it comes to him, whatever became of the others. At the end whoever is left is sent home. */
export async function surge(world: World, way: Way, wanted: Surge): Promise<readonly (Answered & { atMs: number })[]> {
  const { perSecond, lengthMs, deadlineMs, patienceMs, seed } = wanted
  const chance = chanceOf(seed, 'questions')
  const beganAt = world.now()
  const all: Promise<Answered & { atMs: number }>[] = []
  let number = 0
  for (const atMs of arrivals(perSecond, lengthMs, chanceOf(seed, 'arrivals'))) {
    const inMs = beganAt + atMs - world.now()
    if (inMs > 0) await world.sleep(inMs)
    number += 1
    const untilEndMs = lengthMs + deadlineMs - atMs
    const asked = askOne(world, way, question(number, chance), Math.min(patienceMs, untilEndMs))
    all.push(
      asked.then(({ fate, ...rest }) => ({
        ...rest,
        atMs,
        fate: fate === 'whole' && rest.tookMs > deadlineMs ? 'late' : fate,
      })),
    )
  }
  return Promise.all(all)
}

export const rateOf = (answers: readonly Answered[], lengthMs: number): Rate => ({
  answers: (answers.length * 1_000) / lengthMs,
  tokens: (answers.reduce((sum, { tokens }) => sum + tokens, 0) * 1_000) / lengthMs,
})
