import { availableParallelism } from 'node:os'
import { type Arm, type ArmName, type ArmOptions, isInstalled, missing, startArm, startMock } from './arms.ts'
import { disturbedShare, judge, type Judged } from './judge.ts'
import { measuredCore, otherCore } from './machine.ts'
import type { Measured } from './measures.ts'
import { Pace } from './pace.ts'
import type { Scenario } from './scenarios.ts'

export interface RunOptions {
  /** In place of what the scenario says. */
  readonly rounds?: number | undefined
  readonly seconds?: number | undefined
  readonly transport?: NonNullable<ArmOptions['transport']>
  readonly before?: string | undefined
  readonly repeats: Repeats
  readonly say: (doing: string) => void
}

/**
 * A window in which something else used the machine is measured again. On a machine that is never quiet there would be no end
 * to it: so all of a run together have so many seconds for that, and one window two tries.
 */
export class Repeats {
  #leftMs: number

  constructor(seconds: number) {
    this.#leftMs = seconds * 1_000
  }

  /** Measures until it is calm, and gives the calmest. */
  async calmest(measure: () => Promise<Measured | undefined>): Promise<Measured | undefined> {
    let best: Measured | undefined
    for (let tries = 0; tries <= 2; tries += 1) {
      const startedAt = performance.now()
      const measured = await measure()
      if (tries > 0) this.#leftMs -= performance.now() - startedAt
      if (measured === undefined) break
      if (best === undefined || measured.window.foreignShare < best.window.foreignShare) best = measured
      if (best.window.foreignShare <= disturbedShare || this.#leftMs <= 0) break
    }
    return best
  }
}

/** What keeps the whole of it from being measured here, and what would help. */
export function cannotRun(): string | undefined {
  if (process.platform !== 'linux') return 'It reads /proc and pins cores with taskset: it runs on Linux only.'
  if (availableParallelism() < 2) return 'It needs two cores: one for what is measured, one for everything else.'
  return isInstalled('taskset') ? undefined : 'taskset is not here: apt-get install util-linux'
}

const secondsUsual = 2.5

/** Measures one scenario of all arms that are here. */
export async function measureScenario(scenario: Scenario, options: RunOptions): Promise<Judged> {
  const { before, say } = options
  const wanted: readonly ArmName[] = before === undefined ? scenario.arms : [...scenario.arms, 'before']
  const reasons = wanted.map(missing)
  const arms = wanted.filter((_, i) => reasons[i] === undefined)
  const rounds = options.rounds ?? scenario.rounds
  const all = new Map<ArmName, (Measured | undefined)[]>(arms.map((name) => [name, []]))
  const notMeasured = reasons.filter((reason) => reason !== undefined)
  const pace = new Pace()
  for (let round = 0; round < rounds; round += 1) {
    const turn = arms.filter((name) => round === 0 || isCompared(scenario, name))
    // Arm after arm and round after round, to and fro, so that a slow minute of the machine hits all of them.
    for (const name of round % 2 === 0 ? turn : turn.toReversed()) {
      say(`${scenario.name}: ${name}, round ${round + 1} of ${rounds}`)
      const tell = (error: Error): undefined => void notMeasured.push(`${scenario.name}: ${error.message}`)
      pace.look()
      all.get(name)!.push(await options.repeats.calmest(() => once(scenario, name, options).catch(tell)))
    }
  }
  const judged = judge(scenario, all, pace.strays)
  return { ...judged, notMeasured: [...notMeasured, ...judged.notMeasured] }
}

/** Those of which a bar speaks; the others are there to be seen beside them. */
function isCompared({ bars }: Scenario, name: ArmName): boolean {
  if (name === 'direct') return bars.some(({ added }) => added === true)
  if (name === 'nginx') return bars.some((bar) => 'timesNginx' in bar)
  return name === 'spillway' || name === 'before'
}

async function once(scenario: Scenario, name: ArmName, options: RunOptions): Promise<Measured> {
  const { transport = 'own', before, seconds = scenario.seconds ?? secondsUsual } = options
  // With nothing in between, the way from core to core is part of what is compared: a wake-up across it is not free.
  const mock = await startMock({ ...scenario.mock, core: name === 'direct' ? measuredCore : otherCore })
  let arm: Arm | undefined
  try {
    arm = await startArm(name, { ...scenario.arm, transport, before })
    return await scenario.measure(arm, mock, seconds)
  } finally {
    await arm?.proc?.end()
    await mock.end()
  }
}
