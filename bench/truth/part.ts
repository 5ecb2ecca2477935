import { join } from 'node:path'
import { type FittedUpstream, fitFrom } from '../../src/planning/fit.ts'
import { realWorld } from '../../src/http/world.ts'
import { distributionSvg } from '../../src/plots/distribution.ts'
import type { Recording } from '../../src/recording/read.ts'
import { llama, missing } from '../../test/e2e/llama.ts'
import { conclude } from '../report/conclusion.ts'
import { type Findings, type How, nothing, type PartPlan, type Table } from '../report/part.ts'
import { capacityOf, playHour } from './asking.ts'
import { type Compared, figures, middleOf, offBy, replayed } from './compare.ts'
import { countsTo } from './questions.ts'
import { recorderBefore } from './record.ts'

const slots = 4
/** In percent, as all of these. */
const bar = 15
/** No simulation can be nearer to a machine than that is to itself: if it changed by more, nothing can be said. */
const driftMost = bar
/** Whose half of an hour is recorded: a machine that becomes slower by and by is as slow for both in the mean. */
const turns = [0, 1, 1, 0] as const
const replaySeeds = [1, 2, 3, 4, 5]

/** Large enough that a token is work, and so small that an hour of them fits into a minute. */
const shape: Parameters<typeof llama>[1] = [
  'reciting-gguf.ts',
  `--script=count:${countsTo}`,
  `--template=${join(import.meta.dirname, '../virtual/real/as-written.jinja')}`,
  '--width=256',
  '--layers=4',
  '--ff=1024',
]

export const truthPart: PartPlan = {
  name: 'truth',
  title: 'Whether the simulator tells the truth',
  about:
    'A plan is worth as much as the simulation behind it. A real llama-server is recorded by a gateway as it comes, its speed is fitted from that recording, and the recorded hour is simulated. Then an hour that another gateway has recorded, of which the fit knows nothing, is simulated with the same numbers.',
  workload:
    'An hour squeezed into a minute and a half, in two halves: quiet, a rush of two and a half times what the server can do, quiet again; three kinds of callers with one to three seconds of patience, prompts and answers of different lengths. The server has four slots and one thread; its model recites, so that every word of every answer is checked. Nothing of the other hour is the same but the server; its halves lie between those of the first, so that a machine which becomes slower by and by is as slow for both.',
  fair: 'Nothing is tuned by hand: `spillway serve` records, `simulate --fit` fits, the replay is that of `simulate --recording`. "Turned away" is the share of requests that were refused because their patience would not have sufficed. What the recording cannot know is drawn from five seeds, of which the middle counts. How much the machine itself changed meanwhile stands beside it: no fit can be better than that.',
  kind: 'measured',
  atMostMs: 6 * 60_000,
  play,
}

async function play({ quick, seeds: wanted, say }: How): Promise<Findings> {
  const why = await missing()
  if (why !== false) return { ...nothing, notMeasured: [`a recorded hour beside its simulation: ${why}`] }
  const closings: (() => unknown)[] = []
  const ends = { after: (close: () => unknown): void => void closings.unshift(close) }
  const closeAll = async (): Promise<void> => {
    for (const close of closings.splice(0)) await close()
  }
  const closeAtOnce = (): void => closings.forEach((close) => void close())
  process.on('exit', closeAtOnce)
  const world = realWorld()
  ends.after(() => world.close())
  try {
    const first = wanted?.[0] ?? 1
    const seeds = [first, first + 1] as const
    const { origin } = await llama(ends, shape, '-np', String(slots), '-c', '4096')
    const capacities: number[] = []
    const capacity = async (): Promise<void> => {
      const seed = 10 * first + capacities.length
      capacities.push(await capacityOf(world, origin, { slots, lengthMs: quick ? 1_500 : 5_000, seed }))
    }
    // The first of all reads its weights from the disk.
    await capacityOf(world, origin, { slots, lengthMs: 500, seed: 0 })
    await capacity()
    const perSecond = capacities[0]!
    const recorders = [await recorderBefore(ends, origin, slots), await recorderBefore(ends, origin, slots)] as const
    for (const [index, which] of turns.entries()) {
      say(`half an hour, ${index + 1} of ${turns.length}, recorded`)
      const half = { lengthMs: quick ? 10_000 : 45_000, perSecond, seed: 10 * seeds[which] + index }
      const fates = await playHour(world, recorders[which].url, half)
      const broken = fates.filter((fate) => fate === 'broken').length
      if (broken > 0) throw new Error(`${broken} answers of the recorded hour were not what the model recites.`)
      if (index % 2 === 1) await capacity()
    }
    const recordings = [await recorders[0].end(), await recorders[1].end()] as const
    await closeAll()
    return await judge(recordings, capacities, { say, seeds })
  } finally {
    await closeAll()
    process.off('exit', closeAtOnce)
  }
}

async function judge(
  [same, other]: readonly [Recording, Recording],
  capacities: readonly number[],
  { say, seeds }: Pick<How, 'say'> & { readonly seeds: readonly number[] },
): Promise<Findings> {
  say('fits what was recorded')
  const { machines, upstreams } = await fitFrom(same)
  if (machines.size === 0) {
    const why = upstreams.flatMap(({ unknown }) => unknown).join(' ')
    return { ...nothing, notMeasured: [`a recorded hour beside its simulation: ${why}`] }
  }
  say('simulates it')
  const hours = [
    { id: 'same', name: 'the hour it was fitted from', compared: await replayed(same, machines, replaySeeds) },
    { id: 'other', name: 'an hour it knows nothing of', compared: await replayed(other, machines, replaySeeds) },
  ]
  const drift = ((Math.max(...capacities) - Math.min(...capacities)) / middleOf(capacities)) * 100
  return {
    tables: [
      ...hours.map(({ name, compared }) => ({
        title: `Recorded and simulated: ${name}`,
        columns: [{ head: '' }, ...['recorded', 'simulated', 'off by, %'].map((head) => ({ head, digits: 1 }))],
        rows: figures.map(({ name: figure, of }) => [
          figure,
          of(compared.recorded),
          simulatedOf(compared, of),
          offBy(compared, of).middle,
        ]),
        note: `${compared.recorded.requests} requests.`,
      })),
      fittedTable(upstreams, capacities),
    ],
    conclusions: [
      ...hours.flatMap(({ id, name, compared }) =>
        figures.map((figure) => {
          const { middle, each } = offBy(compared, figure.of)
          return conclude({
            id: `truth.${id}.${figure.id}`,
            what: `${figure.name.replace(/, .*/, '')}, simulated against recorded, in ${name}`,
            value: Math.abs(middle),
            unit: '%',
            digits: 1,
            ...(drift <= driftMost && { bar: { most: bar } }),
            kind: 'ratio',
            windows: each.map(Math.abs),
          })
        }),
      ),
      conclude({
        id: 'truth.drift',
        what: 'how much what the server can do changed by itself meanwhile',
        value: drift,
        unit: '%',
        digits: 1,
        kind: 'absolute',
        windows: capacities,
      }),
    ],
    plots: hours.map(({ id, name, compared: { firstTokens } }) => ({
      name: `truth-${id}`,
      alt: `First tokens as they were recorded and as they were simulated: ${name}`,
      svg: distributionSvg({
        title: 'Time to the first token, recorded and simulated',
        subtitle: name,
        unit: 'ms',
        label: 'first token',
        series: [
          { name: 'recorded', values: firstTokens.recorded },
          { name: 'simulated', values: firstTokens.simulated },
        ],
      }),
    })),
    notMeasured:
      drift <= driftMost
        ? []
        : [
            `whether the simulator is right: what the server itself can do changed by ${drift.toFixed(0)} % meanwhile, since others use this machine`,
          ],
    seeds: seeds.join(' and '),
  }
}

const simulatedOf = ({ simulated }: Compared, of: (typeof figures)[number]['of']): number => middleOf(simulated.map(of))

/** What came out of the fit, and how steady that was of which it tells. */
function fittedTable([upstream]: readonly FittedUpstream[], capacities: readonly number[]): Table {
  const { machine, answers = 0 } = upstream ?? {}
  const { networkMs = 0, engine = {} } = machine ?? {}
  const steps = (engine.stepMs ?? []).map(([running, ms]) => `${ms} for ${running}`).join(', ')
  return {
    title: 'What was fitted',
    columns: [{ head: '' }, { head: '' }],
    rows: [
      ['answers it rests on', answers],
      ['ms on the way', networkMs],
      ['tokens a second of a prompt', engine.prefillTokensPerSecond],
      ['ms for each prompt beside its tokens', engine.prefillMs],
      ['does anybody speak meanwhile?', engine.prefillStalls === true ? 'no' : 'yes'],
      ['ms for each token, by how many speak', steps],
      ['answers at once', engine.slots],
    ],
    note: `Asked for as much as it can do, the server gave ${capacities.map((perSecond) => perSecond.toFixed(1)).join(', then ')} answers a second: before, in the middle and after.`,
  }
}
