import { closedLoop, openLoop, poissonArrivals } from '../load.ts'
import { type Sample, tokensBetween } from '../sample.ts'
import {
  type Fate,
  fateOf,
  firstTokens,
  isWhole,
  quantileOf,
  shareOf,
  spilledShare,
  whatFailed,
  whoAnswered,
} from './fate.ts'
import {
  type Arm,
  armsOf,
  bySide,
  type Capacity,
  type Field,
  type Figure,
  type Result,
  type Scenario,
  type Side,
  sideNames,
} from './scenario.ts'
import { alarmAfter, until } from './until.ts'

/** Twice as much as the servers can do: whether those who can be served are served well, and the others know it at once. */
export const overload: Scenario = {
  name: 'overload',
  title: 'Twice as much as the servers can do',
  about:
    'Callers who come at their own times, twice as many as were answered at most, whether those before them were answered or not. Who waits longer than is of use to anybody leaves; at the end all do.',
  lastsMs: (plan) => lookMs(plan) + (plan.forMs + afterMs(plan)) * (plan.hasDirect ? 2 : 1),
  run: runOverload,
}

const times = 2
/** More than any table needs, however small the answers are. */
const requestsMost = 5_000

type Times = Pick<Field, 'forMs' | 'answerMs' | 'patienceMs'>

/** After the last has come: as long as his first token is of use, and one answer more. */
const afterMs = ({ patienceMs, answerMs }: Times): number => patienceMs + answerMs
const lookMs = ({ forMs, answerMs }: Times): number => Math.max(forMs / 2, 4 * answerMs)

interface Run {
  readonly beganAt: number
  readonly samples: readonly Sample[]
}

async function runOverload(field: Field): Promise<Result> {
  const { signal, say } = field
  const arms = armsOf(field)
  field.capacity ??= await looked(field, arms)
  const { capacity } = field
  const runs: Partial<Record<Side, Run>> = {}
  if (capacity !== undefined)
    for (const arm of arms) {
      if (signal.aborted) break
      say(`${(times * capacity.requestsPerSecond).toFixed(1)} requests a second, ${sideNames[arm.side]}`)
      runs[arm.side] = await stormed(field, arm, times * capacity.requestsPerSecond)
    }
  return told(field, arms, runs)
}

/** What the servers can do, where no scenario before this one has found it out. */
async function looked(
  { world, questions, atOnceMost, signal, say, ...field }: Field,
  arms: readonly Arm[],
): Promise<Capacity | undefined> {
  const { target } = arms.at(-1)!
  const [atOnce, forMs, beganAt] = [Math.min(8, atOnceMost), lookMs(field), world.now()]
  say(`how much the servers can do, with ${atOnce} at once`)
  const samples = await closedLoop(world, target, { concurrency: atOnce, questions: questions.next, forMs, signal })
  const whole = samples.filter(isWhole)
  const tokens = tokensBetween(samples, beganAt, beganAt + forMs)
  const each = whole.reduce((sum, { outputTokens }) => sum + outputTokens, 0) / whole.length
  return tokens > 0 && whole.length > 0 ? { requestsPerSecond: (tokens / each / forMs) * 1_000, atOnce } : undefined
}

async function stormed(field: Field, { target }: Arm, perSecond: number): Promise<Run> {
  const { world, questions, forMs, signal, chance } = field
  const beganAt = world.now()
  const alarm = alarmAfter(world, forMs + afterMs(field))
  const samples = await openLoop(world, until(target, alarm.signal), {
    // The same callers for both sides.
    arrivals: poissonArrivals(perSecond, chance('arrivals')),
    questions: questions.next,
    forMs,
    requests: requestsMost,
    signal,
  })
  alarm.end()
  return { beganAt, samples }
}

function told(field: Field, arms: readonly Arm[], runs: Partial<Record<Side, Run>>): Result {
  const { capacity, patienceMs, signal } = field
  const of = (side: Side): readonly Sample[] => runs[side]?.samples ?? []
  const figure = (
    id: string,
    what: string,
    means: string,
    unit: Figure['unit'],
    from: (samples: readonly Sample[]) => number | undefined,
  ): Figure => ({
    id,
    what,
    means,
    unit,
    ...bySide(arms, (side) => (of(side).length === 0 ? undefined : from(of(side)))),
  })
  const fated = (id: string, what: string, means: string, fate: Fate): Figure =>
    figure(`${id}_share`, what, means, 'share', (samples) =>
      shareOf(samples, (sample) => fateOf(sample, patienceMs) === fate),
    )
  const refused = (samples: readonly Sample[]): readonly Sample[] =>
    samples.filter((sample) => fateOf(sample, patienceMs) === 'refused')
  const patience = `${patienceMs / 1_000} s`
  const notes = [
    capacity === undefined
      ? 'Nothing was answered while it was looked how much the servers can do, so nothing was measured.'
      : `${(times * capacity.requestsPerSecond).toFixed(2)} requests a second; the servers answered ${capacity.requestsPerSecond.toFixed(2)} at most. In time: a first token within ${patience}.`,
    whoAnswered(of('gateway')),
    ...arms.map(({ side }) => whatFailed(of(side), sideNames[side])),
  ]
  return {
    figures: [
      fated(
        'on_time',
        'answered in time',
        `of all requests, those whose first token came within ${patience}`,
        'on-time',
      ),
      figure(
        'on_time_per_second',
        'answered in time, each second',
        'what is left of the servers when there is too much to do',
        'requests/s',
        (samples) =>
          (shareOf(samples, (sample) => fateOf(sample, patienceMs) === 'on-time') * samples.length * 1_000) /
          field.forMs,
      ),
      fated('late', 'answered too late', `their first token took longer than ${patience}`, 'late'),
      fated('unanswered', 'left without an answer', 'nobody had told them anything', 'unanswered'),
      fated('refused', 'refused', 'turned away, and told so', 'refused'),
      figure('refused_with_time_share', 'of these, told when to come back', 'by retry-after', 'share', (samples) => {
        const away = refused(samples)
        return away.length === 0 ? undefined : shareOf(away, ({ retryAfterMs }) => retryAfterMs !== undefined)
      }),
      figure('refused_after_p50_ms', 'refused after, half within', 'how long they waited to be told', 'ms', (samples) =>
        quantileOf(refused(samples), 0.5, ({ totalMs }) => totalMs),
      ),
      fated('failed', 'failed', 'with an error that is no refusal', 'failed'),
      figure(
        'spilled_share',
        'answered for money',
        'by servers that cost more than those at home',
        'share',
        (samples) => spilledShare(samples, field.isSpill),
      ),
      figure('first_token_p50_ms', 'first token, half within', 'of those who were answered', 'ms', (samples) =>
        quantileOf(samples, 0.5, ({ firstTokenMs }) => firstTokenMs),
      ),
      figure('first_token_p99_ms', 'first token, 99 % within', 'of those who were answered', 'ms', (samples) =>
        quantileOf(samples, 0.99, ({ firstTokenMs }) => firstTokenMs),
      ),
    ],
    plots: [
      {
        type: 'distribution',
        name: 'overload-first-token',
        title: 'Twice as much as the servers can do: first token',
        label: 'first token within; who was refused or left never had one',
        series: arms.map(({ side }) => ({ name: sideNames[side], values: firstTokens(of(side)) })),
      },
      {
        type: 'curve',
        name: 'overload-in-time',
        title: 'Twice as much as the servers can do: in time, by when they came',
        x: { label: 'came after', unit: 'ms' },
        y: { label: 'answered in time', unit: 'share' },
        series: arms.map(({ side }) => ({ name: sideNames[side], points: overTime(runs[side], field) })),
      },
    ],
    notes: notes.filter((note) => note !== undefined),
    isWhole: !signal.aborted && capacity !== undefined,
  }
}

const slices = 10

/** Of those who came in each tenth of the time, how many were answered in time. */
function overTime(run: Run | undefined, { forMs, patienceMs }: Times): readonly (readonly [number, number])[] {
  if (run === undefined) return []
  const sliceMs = forMs / slices
  return Array.from({ length: slices }, (_, slice) => {
    const came = run.samples.filter(({ atMs }) => Math.floor((atMs - run.beganAt) / sliceMs) === slice)
    return [(slice + 0.5) * sliceMs, shareOf(came, (sample) => fateOf(sample, patienceMs) === 'on-time')] as const
  })
}
