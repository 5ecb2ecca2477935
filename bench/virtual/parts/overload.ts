import { type Curve, curveSvg } from '../../../src/plots/curve.ts'
import { distributionSvg } from '../../../src/plots/distribution.ts'
import type { Conclusion, Finding } from '../../report/conclusion.ts'
import type { PartPlan, Plot } from '../../report/part.ts'
import type { Measures } from '../measures.ts'
import type { Played } from '../play.ts'
import { overload } from '../scenarios/overload.ts'
import { distribution, found, meanOf, percent, seconds, virtualPart } from './plan.ts'

const p99 = seconds(({ totalP99Ms }) => totalP99Ms)
const out = percent(({ outRequests }) => outRequests)
const usd = ({ usdPerThousand }: Measures): number => usdPerThousand

const points = {
  cost: { arm: 'spillway:deadline=4100', p99: 4, out: 10.5, usd: 0.001_15 },
  latency: { arm: 'spillway:deadline=3300', p99: 3.4, out: 10, usd: 0.001_55 },
} as const
const deadlines = ['spillway:deadline=2800', points.latency.arm, points.cost.arm]
const caps = ['cap:5', 'cap:6', 'cap:7', 'cap:8']
const timeouts = ['timeout:1000', 'timeout:1500', 'timeout:2000']

const missed: Readonly<Record<string, string>> = {
  'cost.usd':
    'what a burst brings beyond the machine has to be paid for, whichever answers it is: told how long each will be, the same scheduler pays as much at the same p99',
  'latency.out':
    'of an answer only what those of its caller are usually like is known: told how long each will be, the same scheduler sends a sixth less away at the same p99, fewer than the bar',
}

export const overloadPart: PartPlan = virtualPart({
  name: 'overload',
  title: 'Overload, with a cloud to go to',
  about:
    'Bursts bring more than the server can do. What a caller waits in the worst case in a hundred, how much has to leave for the cloud, and what that costs: the three go together, and each arm is one point of that bargain.',
  workload:
    '1.6 requests a second, for a fifth of each four minutes 4, from twelve callers whose answers have lengths of their own (40 tokens on average); prompts of 400 tokens. A server of four slots that does 3.1 such requests a second; a cloud 0.6 s away with 90 tokens a second, $0.01 for a thousand. 40 minutes of each seed count.',
  fair: 'All arms meet the same callers at the same instants in front of the same simulated server. A cap is shown at every setting that makes sense, a client’s timeout and nginx’s `limit_conn` at three: whoever picks the best of a row has tuned it to this load. Spillway runs in its default configuration; a caller names by when it wants its whole answer, which is how one chooses the point.',
  runs: [{ scenario: overload, arms: ['direct', 'nginx-conn:6', 'nginx-conn:8', ...timeouts, ...caps, ...deadlines] }],
  seeds: [801, 810],
  findings: ([played]) => ({
    conclusions: [
      found({
        id: 'overload.direct.p99',
        what: 'p99, nothing in between',
        value: meanOf(played!, 'direct', p99),
        unit: 's',
      }),
      found({
        id: 'overload.timeout.p99',
        what: 'p99, client timeout 1.5 s',
        value: meanOf(played!, 'timeout:1500', p99),
        unit: 's',
      }),
      found({
        id: 'overload.timeout.out',
        what: 'to the cloud, client timeout 1.5 s',
        value: meanOf(played!, 'timeout:1500', out),
        unit: '%',
        digits: 1,
      }),
      ...pointOf(played!, 'cost'),
      ...pointOf(played!, 'latency'),
    ],
    plots: plotsOf(played!),
  }),
})

function pointOf(played: Played, point: keyof typeof points): Conclusion[] {
  const { arm, ...bars } = points[point]
  const one = (
    what: string,
    key: keyof typeof bars,
    of: (seed: Measures) => number,
    unit: string,
    digits: number,
  ): Conclusion => {
    const missedSince = missed[`${point}.${key}`]
    const finding: Omit<Finding, 'kind'> = {
      id: `overload.${point}.${key}`,
      what: `${point} point: ${what}`,
      value: meanOf(played, arm, of),
      unit,
      digits,
      bar: { most: bars[key] },
    }
    return found(missedSince === undefined ? finding : { ...finding, missedSince })
  }
  return [
    one('p99 of the whole answer', 'p99', p99, 's', 2),
    one('requests to the cloud', 'out', out, '%', 1),
    one('cost of 1,000 tokens', 'usd', usd, '$', 5),
  ]
}

function plotsOf(played: Played): Plot[] {
  const along = (upward: (seed: Measures) => number): Curve[] =>
    [
      { name: 'Spillway, by its deadline', arms: deadlines },
      { name: 'queue caps 5 to 8', arms: caps },
      { name: 'client timeouts 1 to 2 s', arms: timeouts },
    ].map(({ name, arms }) => ({
      name,
      points: arms.map((arm) => [meanOf(played, arm, p99) * 1_000, meanOf(played, arm, upward)]),
    }))
  const x = { label: 'p99 of the whole answer', unit: 'ms', isClose: true }
  return [
    {
      name: 'overload-cost',
      alt: 'What a million tokens cost against the p99 of the answer: Spillway at three deadlines, queue caps, client timeouts',
      svg: curveSvg({
        title: 'What a shorter wait costs',
        subtitle: 'overload with a cloud; left and low is better',
        x,
        y: { label: 'for a million tokens', unit: '$', isClose: true },
        series: along((seed) => usd(seed) * 1_000),
      }),
    },
    {
      name: 'overload-out',
      alt: 'How many requests leave for the cloud against the p99 of the answer: the same arms',
      svg: curveSvg({
        title: 'How many leave for it',
        subtitle: 'overload with a cloud; left and low is better',
        x,
        y: { label: 'of all requests to the cloud', unit: '%', isClose: true },
        series: along(out),
      }),
    },
    {
      name: 'overload-latency',
      alt: 'How many answers were whole within which time under overload',
      svg: distributionSvg({
        title: 'Until the whole answer',
        subtitle: 'overload with a cloud',
        unit: 'ms',
        series: [
          distribution(played, points.cost.arm, 'Spillway'),
          distribution(played, 'direct', 'nothing in between'),
          distribution(played, 'timeout:1500', 'client timeout 1.5 s'),
          distribution(played, 'cap:7', 'queue cap 7'),
        ],
      }),
    },
  ]
}
