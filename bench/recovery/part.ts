import { distributionSvg } from '../../src/plots/distribution.ts'
import { isInstalled } from '../overhead/arms.ts'
import { conclude, type Conclusion } from '../report/conclusion.ts'
import { type Findings, type How, nothing, type PartPlan, type Plot, type Table } from '../report/part.ts'
import { lateFaults, type Seen, seeFailures } from './failures.ts'
import { isUnavailable, refuses, resets } from './faults.ts'
import { watchingLateness } from './lateness.ts'
import type { Met } from './play.ts'
import { at, type Cost, costOf, cutCostOf, cutInto, firstWordMs } from './sums.ts'

export const recovery: PartPlan = {
  name: 'recovery',
  title: 'When a server fails',
  about:
    'Two servers, of which one fails: how long until the caller who meets that has its first word all the same, from whomever. The headline is an error that took 4,200 ms to recover from, and 180 ms with a gateway.',
  workload:
    'Simulated llama.cpp servers of eight slots behind sockets, and real callers. Before the first byte: eight ask at once while the first server refuses connections, resets them or answers 503, and eight while it is well, by turns, until 200 have met it. In mid-sentence: the first server dies with all that it is saying. Silent: it takes requests and never answers; ten times as slow: so it is from one moment to the next; of these time passes four or ten times faster for everybody, and all that is told is in their time. Nobody waits longer than 20 s.',
  fair: 'nginx stands before the same servers, once as it comes, and once as somebody sets it who knows what to ask for: `proxy_next_upstream error timeout http_503 non_idempotent`, `proxy_connect_timeout 1s` and `proxy_read_timeout 5s`, which is more than any first token takes here. Both have `max_fails=0`, so that each caller meets the fault as the first one does; Spillway is made to forget for the same reason. Its configuration is the default; a row says where streams may be carried on (`resume: true`).',
  kind: 'measured',
  atMostMs: 6 * 60_000,
  async play(how: How): Promise<Findings> {
    if (!isInstalled('nginx')) return { ...nothing, notMeasured: ['nginx is not here: apt-get install nginx'] }
    const { result: seen, tooLate } = await watchingLateness(() => seeFailures(how.quick, how.say))
    return {
      ...nothing,
      tables: [beforeTable(seen), cutTable(seen), lateTable(seen)],
      conclusions: follow(seen),
      plots: plotsOf(seen),
      notMeasured: tooLate === undefined ? [] : [tooLate],
    }
  },
}

const costColumns = [
  { head: 'the server' },
  { head: 'behind' },
  { head: 'met it', digits: 0 },
  { head: 'never answered %', digits: 1 },
  { head: 'told so after ms, p50', digits: 0 },
  { head: 'usual first word ms, p50', digits: 1 },
  { head: 'p99', digits: 1 },
  { head: 'later by ms, p50', digits: 1 },
  { head: 'p99', digits: 1 },
]

const costRow = (fault: string, way: string, met: Met): Table['rows'][number] => {
  const cost = costOf(met)
  return [
    fault,
    way,
    cost.samples,
    100 * cost.failed,
    known(cost.toldP50),
    known(cost.usualP50),
    known(cost.usualP99),
    known(cost.firstP50 - cost.usualP50),
    known(cost.firstP99 - cost.usualP50),
  ]
}

const known = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined)

const beforeTable = ({ before }: Seen): Table => ({
  title: 'Before the first byte',
  columns: costColumns,
  rows: before.map(([{ name }, way, met]) => costRow(name, way, met)),
  note: 'Later than the median of those who met nothing, in the same minutes.',
})

const lateTable = ({ late }: Seen): Table => ({
  title: 'What shows only by being late',
  columns: costColumns,
  rows: late.map(([{ name }, way, met]) => costRow(name, way, met)),
  note: 'Of a server that is slow, all who came while it was; of a silent one, those it was given.',
})

const cutTable = ({ cut }: Seen): Table => ({
  title: 'In mid-sentence',
  columns: [
    { head: 'behind' },
    { head: 'cut off', digits: 0 },
    { head: 'carried on %', digits: 1 },
    { head: 'another server asked after ms, p50', digits: 1 },
    { head: 'p99', digits: 1 },
    { head: 'next word or told after ms, p50', digits: 1 },
    { head: 'p99', digits: 1 },
  ],
  rows: cut.map(([way, broken]) => {
    const { samples, goneOn, heard, askedOn } = cutCostOf(broken)
    const figures = [at(askedOn, 0.5), at(askedOn, 0.99), at(heard, 0.5), at(heard, 0.99)]
    return [way, samples, 100 * goneOn, ...figures.map(known)]
  }),
})

/** Those who met it, until their first word from whomever. */
const plotsOf = ({ before, late }: Seen): readonly Plot[] => {
  const series = (
    some: readonly (readonly [unknown, string, Met])[],
    fault: unknown,
  ): { name: string; values: number[] }[] =>
    some
      .filter(([one]) => one === fault)
      .toSorted(([, one], [, other]) => Number(other === 'spillway') - Number(one === 'spillway'))
      .map(([, name, { met }]) => ({ name, values: met.map(firstWordMs) }))
  const plot = (name: string, title: string, all: { name: string; values: number[] }[]): Plot => {
    const never = all.filter(({ values }) => values.every((ms) => ms === Infinity)).map((one) => one.name)
    const subtitle = never.length === 0 ? 'those who met it' : `those who met it; no answer behind ${never.join(', ')}`
    return {
      name,
      alt: `${title}: how many had their first word within which time.`,
      svg: distributionSvg({ title, subtitle, unit: 'ms', label: 'first word within', series: all }),
    }
  }
  return [
    plot('recovery-reset', 'A server resets connections before a byte', series(before, resets)),
    plot('recovery-silent', 'A server takes requests and never answers', series(late, lateFaults.silent)),
  ]
}

function follow({ before, cut, late }: Seen): readonly Conclusion[] {
  const own = before.filter(([, way]) => way === 'spillway').map(([fault, , met]) => [fault, costOf(met)] as const)
  const costs = new Map(own)
  const added = (id: string, what: string, { firstP99, firstP99OfParts, usualP99 }: Cost, by: string): Conclusion =>
    conclude({
      id: `recovery.${id}.added-p99`,
      what: `${what}: added to the p99 of first words (${by})`,
      value: firstP99 - usualP99,
      unit: 'ms',
      digits: 1,
      bar: { most: 20 },
      kind: 'absolute',
      windows: firstP99OfParts.map((ms) => ms - usualP99),
    })
  const cutBehind = (way: string): ReturnType<typeof cutCostOf> => cutCostOf(cut.find(([name]) => name === way)![1])
  const within50 = (id: string, what: string, all: readonly number[]): Conclusion =>
    conclude({
      id: `recovery.cut.${id}`,
      what,
      value: at(all, 0.99),
      unit: 'ms',
      digits: 1,
      bar: { most: 50 },
      kind: 'absolute',
      windows: cutInto(all, 5).map((some) => at(some, 0.99)),
    })
  const silent = costOf(late.find(([one, way]) => one === lateFaults.silent && way === 'spillway')![2])
  const worst = own.map(([, cost]) => cost).toSorted((one, other) => other.firstP99 - one.firstP99)[0]!
  return [
    added('refused', 'a server refuses the connection', costs.get(refuses)!, 'the goal'),
    added('reset', 'a server resets before a byte', costs.get(resets)!, 'the goal'),
    added('unavailable', 'a server answers 503', costs.get(isUnavailable)!, 'our own bar'),
    conclude({
      id: 'recovery.first-word',
      what: 'from a failure before the first byte to the first word of another server, p99, the worst of three; the headline is 4,200 -> 180 ms',
      value: worst.firstP99,
      unit: 'ms',
      digits: 0,
      bar: { most: 180 },
      kind: 'absolute',
      windows: worst.firstP99OfParts,
    }),
    within50('told', 'a server dies in mid-sentence: until the caller is told, p99', cutBehind('spillway').heard),
    within50(
      'asked-on',
      'a server dies in mid-sentence: until another is asked to go on, p99',
      cutBehind('spillway, resume').askedOn,
    ),
    conclude({
      id: 'recovery.silent.given-up',
      what: 'a server is silent: given up after so many times the p99 of first tokens of its class (3 s), at most',
      value: (silent.firstP99 - silent.usualP50) / silent.usualP99,
      unit: 'x',
      digits: 2,
      bar: { most: 1.5 },
      kind: 'ratio',
      windows: silent.firstP99OfParts.map((ms) => (ms - silent.usualP50) / silent.usualP99),
    }),
  ]
}
