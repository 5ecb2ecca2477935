import { closedLoop } from '../load.ts'
import { type Sample, tokenMsOf, tokensBetween } from '../sample.ts'
import { fateOf, isWhole, quantileOf, shareOf, whatFailed } from './fate.ts'
import {
  type Arm,
  armsOf,
  type Field,
  type Figure,
  type Result,
  type Scenario,
  type Side,
  sideNames,
} from './scenario.ts'

/** More and more at once: where the machines have all they can do, and what waiting costs from there on. */
export const steps: Scenario = {
  name: 'steps',
  title: 'More and more at once',
  about:
    'So many callers who ask one question after the other: 1, then 2, 4, 8 and so on. What all of them together hear in a second, and how long each waits for a first word.',
  lastsMs: (plan) => (plan.hasDirect ? 2 * sideMs(plan) : sideMs(plan)),
  run: runSteps,
}

type Size = Pick<Field, 'forMs' | 'answerMs' | 'atOnceMost'>

const ladder = ({ atOnceMost }: Size): readonly number[] => {
  const sizes: number[] = []
  for (let size = 1; size < atOnceMost; size *= 2) sizes.push(size)
  return [...sizes, atOnceMost]
}

/** Long enough that several answers end in each. */
const stepMs = (size: Size): number => Math.max(size.forMs / ladder(size).length, 3 * size.answerMs)
const sideMs = (size: Size): number => ladder(size).length * (stepMs(size) + size.answerMs)

interface Step {
  readonly atOnce: number
  readonly side: Side
  readonly samples: readonly Sample[]
  readonly tokensPerSecond: number
  readonly requestsPerSecond: number
}

/** From here on more at once is not tried any more: most were turned away, or twice in a row it gave nothing. */
const awayMost = 0.5
const gain = 1.03

async function runSteps(field: Field): Promise<Result> {
  const { signal, say } = field
  const arms = armsOf(field)
  const done: Step[] = []
  for (const [index, atOnce] of ladder(field).entries()) {
    // Who goes first changes.
    for (const arm of index % 2 === 0 ? arms : arms.toReversed()) {
      if (signal.aborted) break
      say(`${atOnce} at once, ${sideNames[arm.side]}`)
      done.push(await measured(field, arm, atOnce))
    }
    if (signal.aborted || arms.every(({ side }) => isEnough(done.filter((step) => step.side === side)))) break
  }
  field.capacity = capacityOf(done) ?? field.capacity
  return told(field, arms, done)
}

async function measured(field: Field, { side, target }: Arm, atOnce: number): Promise<Step> {
  const { world, questions, signal } = field
  const [beganAt, forMs] = [world.now(), stepMs(field)]
  const samples = await closedLoop(world, target, { concurrency: atOnce, questions: questions.next, forMs, signal })
  const tookMs = Math.min(forMs, world.now() - beganAt)
  const tokensPerSecond = (tokensBetween(samples, beganAt, beganAt + tookMs) * 1_000) / tookMs
  const whole = samples.filter(isWhole)
  const tokensEach = whole.reduce((sum, { outputTokens }) => sum + outputTokens, 0) / whole.length
  return {
    atOnce,
    side,
    samples,
    tokensPerSecond,
    requestsPerSecond: whole.length === 0 ? 0 : tokensPerSecond / tokensEach,
  }
}

function isEnough(taken: readonly Step[]): boolean {
  const last = taken.at(-1)
  if (last === undefined) return false
  if (shareOf(last.samples, ({ fault }) => fault !== undefined) > awayMost) return true
  const before = Math.max(0, ...taken.slice(0, -2).map(({ tokensPerSecond }) => tokensPerSecond))
  return taken.length > 3 && taken.slice(-2).every(({ tokensPerSecond }) => tokensPerSecond < gain * before)
}

/** The servers by themselves, where they were asked: what a gateway adds from elsewhere is not theirs. */
function capacityOf(taken: readonly Step[]): Field['capacity'] {
  const own = taken.some(({ side }) => side === 'direct') ? taken.filter(({ side }) => side === 'direct') : taken
  const best = own.toSorted((one, other) => other.requestsPerSecond - one.requestsPerSecond)[0]
  return best === undefined || best.requestsPerSecond === 0
    ? undefined
    : { requestsPerSecond: best.requestsPerSecond, atOnce: best.atOnce }
}

function told(field: Field, arms: readonly Arm[], done: readonly Step[]): Result {
  const sizes = [...new Set(done.map(({ atOnce }) => atOnce))]
  const curve = (
    name: string,
    title: string,
    y: { label: string; unit?: 'ms' },
    of: (step: Step) => number | undefined,
  ) => ({
    type: 'curve' as const,
    name,
    title,
    x: { label: 'requests at once', isLog: true },
    y,
    series: arms.map(({ side }) => ({
      name: sideNames[side],
      points: done.filter((step) => step.side === side).map((step) => [step.atOnce, of(step) ?? NaN] as const),
    })),
  })
  const best = field.capacity
  const failed = arms.map(({ side }) =>
    whatFailed(
      done.filter((step) => step.side === side).flatMap(({ samples }) => samples),
      sideNames[side],
    ),
  )
  return {
    figures: sizes.flatMap((size) => figuresAt(size, done)),
    plots: [
      curve(
        'steps-throughput',
        'More and more at once: throughput',
        { label: 'tokens per second' },
        (step) => step.tokensPerSecond,
      ),
      curve(
        'steps-first-token',
        'More and more at once: first token',
        { label: 'first token, half within', unit: 'ms' },
        (step) => firstTokenOf(step.samples),
      ),
    ],
    notes: [
      ...(best === undefined
        ? []
        : [
            `At most ${best.requestsPerSecond.toFixed(2)} such requests a second were answered, with ${best.atOnce} at once.`,
          ]),
      ...failed.filter((note) => note !== undefined),
    ],
    isWhole: !field.signal.aborted,
  }
}

const firstTokenOf = (samples: readonly Sample[], share = 0.5): number | undefined =>
  quantileOf(samples, share, ({ firstTokenMs }) => firstTokenMs)

function figuresAt(size: number, done: readonly Step[]): readonly Figure[] {
  const at = (side: Side): Step | undefined => done.find((step) => step.atOnce === size && step.side === side)
  const figure = (
    id: string,
    what: string,
    means: string,
    unit: Figure['unit'],
    of: (step: Step) => number | undefined,
  ): Figure => {
    const [gateway, direct] = [at('gateway'), at('direct')]
    return {
      id: `${id}_at_${size}`,
      group: `${size} at once`,
      what,
      means,
      unit,
      gateway: gateway && of(gateway),
      direct: direct && of(direct),
    }
  }
  const all = [
    figure(
      'tokens_per_second',
      'throughput',
      'what all callers together hear in a second',
      'tokens/s',
      (step) => step.tokensPerSecond,
    ),
    figure(
      'first_token_p50_ms',
      'first token p50',
      'half of those who were answered heard the first word by then',
      'ms',
      ({ samples }) => firstTokenOf(samples),
    ),
    figure('first_token_p95_ms', 'first token p95', 'all but one in twenty heard it by then', 'ms', ({ samples }) =>
      firstTokenOf(samples, 0.95),
    ),
    figure('token_ms', 'per token', 'between two words of an answer, in the middle', 'ms', ({ samples }) =>
      quantileOf(samples, 0.5, tokenMsOf),
    ),
    figure('refused_share', 'refused', 'turned away, and told so', 'share', ({ samples }) =>
      shareOf(samples, (one) => fateOf(one, Infinity) === 'refused'),
    ),
  ]
  // Nobody needs to read that nobody was refused.
  return all.filter(({ unit, gateway = 0, direct = 0 }) => unit !== 'share' || gateway > 0 || direct > 0)
}
