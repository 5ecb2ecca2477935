import { Caller } from './ask.ts'
import { type Fault, isSilent, isSlow, isUnavailable, refuses, resets } from './faults.ts'
import { Pair, type PairOptions } from './pair.ts'
import { beforeAByte, type Broken, inMidSentence, inPassing, type Met, type Stage, whoMet } from './play.ts'
import { openWay, type WayName } from './ways.ts'

/** Everything that was seen, by fault and way. */
export interface Seen {
  readonly before: readonly (readonly [Fault, WayName, Met])[]
  readonly cut: readonly (readonly [WayName, readonly Broken[]])[]
  readonly late: readonly (readonly [LateFault, WayName, Met])[]
}

export interface LateFault {
  readonly name: string
  readonly fault: Fault
  /** Until first tokens come where nothing is wrong. */
  readonly readMs: number
  readonly speed: number
  readonly come: number
  readonly everyMs: number
  readonly times: number
}

/** A long prompt on a local machine, and a short one. The clock of the gateway that looks who is late ticks four times a second. */
export const lateFaults = {
  silent: {
    times: 5,
    name: `${isSilent.name}, first tokens after 3 s`,
    fault: isSilent,
    readMs: 3_000,
    speed: 10,
    come: 8,
    everyMs: 0,
  },
  silentShort: {
    times: 3,
    name: `${isSilent.name}, first tokens after 0.5 s`,
    fault: isSilent,
    readMs: 500,
    speed: 4,
    come: 8,
    everyMs: 0,
  },
  slow: {
    times: 3,
    name: `${isSlow.name}, first tokens after 3 s`,
    fault: isSlow,
    readMs: 3_000,
    speed: 10,
    come: 12,
    everyMs: 1_500,
  },
} as const satisfies Record<string, LateFault>

export const waysOfAll: readonly WayName[] = ['nginx', 'nginx, proxy_next_upstream', 'spillway']

/** Nobody waits longer for a first token. */
const giveUpMs = 20_000

export async function seeFailures(quick: boolean, say: (doing: string) => void): Promise<Seen> {
  const before: [Fault, WayName, Met][] = []
  const cut: [WayName, Broken[]][] = []
  const late: [LateFault, WayName, Met][] = []
  const wanted = quick ? { samples: 12, atMostSeconds: 2 } : { samples: 200, atMostSeconds: 10 }
  for (const way of [...waysOfAll, 'spillway, resume'] as const) {
    await staged(way, { stepMs: 5, readMs: 0, speed: 1 }, async (stage) => {
      for (const fault of way === 'spillway, resume' ? [] : [refuses, resets, isUnavailable]) {
        say(`${way}: a server ${fault.name}`)
        before.push([fault, way, await beforeAByte(stage, fault, wanted)])
      }
      say(`${way}: a server dies in mid-sentence`)
      cut.push([way, await inMidSentence(stage, wanted)])
    })
  }
  for (const one of Object.values(lateFaults)) {
    for (const way of waysOfAll) {
      // What nginx does goes by its clock alone: each time is the same.
      const times = quick ? 1 : way === 'spillway' ? one.times : 1
      say(`${way}: a server ${one.name}`)
      await staged(way, { stepMs: 20, ...one }, async (stage) => {
        const learnCrowds = quick || way !== 'spillway' ? 3 : 20
        const { come, everyMs } = one
        const met = await inPassing(stage, one.fault, {
          learnCrowds,
          come,
          everyMs,
          giveUpMs,
          times,
          atMostSeconds: 45,
        })
        late.push([one, way, one.fault === isSilent ? whoMet(met, stage) : met])
      })
    }
  }
  return { before, cut, late }
}

async function staged(name: WayName, options: PairOptions, play: (stage: Stage) => Promise<void>): Promise<void> {
  const pair = await Pair.open(options)
  const way = await openWay(name, { origins: pair.origins, speed: options.speed })
  const caller = new Caller(() => pair.now())
  try {
    await play({ way, pair, caller })
  } finally {
    caller.close()
    await way.close()
    await pair.close()
  }
}
