import type { Caller, Heard } from './ask.ts'
import { dies, type Fault } from './faults.ts'
import type { Pair } from './pair.ts'
import type { Way } from './ways.ts'

/** Who met a fault, and who asked in the same minutes and did not. */
export interface Met {
  readonly met: readonly Heard[]
  readonly well: readonly Heard[]
}

export interface Stage {
  readonly way: Way
  readonly pair: Pair
  readonly caller: Caller
}

export interface Wanted {
  readonly samples: number
  readonly atMostSeconds: number
}

const together = 8
let asked = 0
const nextId = (): string => `q-${(asked += 1)}`

/**
 * Eight ask at once while the first server is in trouble, and eight while it is well, by turns. Nobody remembers the last time, so
 * that each meets the fault as the first one does.
 */
export async function beforeAByte(stage: Stage, fault: Fault, { samples, atMostSeconds }: Wanted): Promise<Met> {
  const { way, pair } = stage
  const met: Heard[] = []
  const well: Heard[] = []
  for (let i = 0; i < 10; i += 1) await crowd(stage)
  const until = performance.now() + atMostSeconds * 1_000
  while (met.length < samples && performance.now() < until) {
    pair.begin(fault)
    for (const heard of await crowd(stage)) (hasMet(heard, stage) ? met : well).push(heard)
    await pair.end(fault)
    await way.forget()
    well.push(...(await crowd(stage)))
  }
  return { met, well }
}

const crowd = ({ caller, way }: Stage, { size = together, words = 2 } = {}): Promise<Heard[]> =>
  Promise.all(Array.from({ length: size }, () => caller.ask(way.origin, { id: nextId(), words })))

const hasMet = ({ id, ending, wasPassedOn }: Heard, { way, pair }: Stage): boolean =>
  wasPassedOn || pair.cameToFaulty.has(id) || way.letDown.has(id) || ending !== 'whole'

export interface Broken {
  readonly heard: Heard
  readonly diedAt: number
  /** When the other server was asked to go on. */
  readonly askedOnAt: number | undefined
}

/** Eight are being answered when the first server dies with all it has in hand. */
export async function inMidSentence(stage: Stage, { samples, atMostSeconds }: Wanted): Promise<Broken[]> {
  const { way, pair, caller } = stage
  const broken: Broken[] = []
  const until = performance.now() + atMostSeconds * 1_000
  while (broken.length < samples && performance.now() < until) {
    const answers = Array.from({ length: together }, () => caller.ask(way.origin, { id: nextId(), words: 40 }))
    // They are half way.
    await pair.sleep(150)
    const diedAt = pair.now()
    pair.begin(dies)
    for (const heard of await Promise.all(answers)) {
      const askedOnAt = pair.cameToOther.get(heard.id)
      const wasCut = heard.ending !== 'whole' || (askedOnAt !== undefined && askedOnAt >= diedAt)
      if (wasCut) broken.push({ heard, diedAt, askedOnAt })
    }
    await pair.end(dies)
    await way.forget()
  }
  return broken
}

export interface Passing {
  /** Crowds, as many as both servers can hold, that are served before, so that it is known how soon first tokens come. */
  readonly learnCrowds: number
  /** How many come while the first server is in trouble, and how long after one another. */
  readonly come: number
  readonly everyMs: number
  readonly giveUpMs: number
  readonly times: number
  readonly atMostSeconds: number
}

/**
 * What shows only by being late. First it is learned how soon first tokens come; then the first server gets into trouble, and some
 * come; and all of it again, since who has just seen such trouble is more patient.
 */
export async function inPassing(stage: Stage, fault: Fault, passing: Passing): Promise<Met> {
  const { way, pair, caller } = stage
  const { learnCrowds, come, everyMs, giveUpMs, times, atMostSeconds } = passing
  const until = performance.now() + atMostSeconds * 1_000
  const well: Heard[] = []
  const met: Heard[] = []
  for (let time = 0; time < times && performance.now() < until; time += 1) {
    for (let crowds = 0; crowds < learnCrowds; crowds += 1)
      well.push(...(await crowd(stage, { size: 2 * together, words: 1 })))
    pair.begin(fault)
    const came: Promise<Heard>[] = []
    for (let i = 0; i < come; i += 1) {
      came.push(caller.ask(way.origin, { id: nextId(), words: 1, giveUpMs: giveUpMs / pair.speed }))
      if (everyMs > 0) await pair.sleep(everyMs)
    }
    met.push(...(await Promise.all(came)))
    await pair.end(fault)
    await way.forget()
  }
  return { met, well }
}

/** Only those who met it, where it does not matter to others. */
export const whoMet = ({ met, well }: Met, stage: Stage): Met => ({
  met: met.filter((heard) => hasMet(heard, stage)),
  well,
})
