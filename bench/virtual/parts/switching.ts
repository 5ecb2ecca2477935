import { distributionSvg } from '../../../src/plots/distribution.ts'
import type { PartPlan } from '../../report/part.ts'
import type { Measures } from '../measures.ts'
import type { Played } from '../play.ts'
import { switchings } from '../scenarios/switching.ts'
import { distribution, found, meanOf, percent, virtualPart } from './plan.ts'

const loading = ({ loadingMs }: Measures): number => loadingMs
const p95 = ({ totalP95Ms }: Measures): number => totalP95Ms

const [mixed, withCloud, evenly] = switchings

export const switchingPart: PartPlan = virtualPart({
  name: 'switching',
  title: 'More models than fit into memory',
  about:
    'A server that holds one model has to load another before it can answer with it. Whoever sends requests in turn loads all day; what is measured is the time spent loading, for each request, and what it does to the slowest in twenty.',
  workload:
    'Two servers hold one of three models each, asked for in 95.5, 3 and 1.5 of 100 cases, 2 requests a second, 0.3 s each, 2.5 s to load; the same with a cloud and 2 s of patience; and one server with two models asked for equally often, 8 s to load. An hour (four for the last) of each seed.',
  fair: 'In turn is what nginx does, past servers that are down. Limits do not help here and are shown all the same. Callers of all arms are equally patient.',
  runs: [
    { scenario: mixed!, arms: ['direct', 'nginx-conn:8', 'spillway'] },
    { scenario: withCloud!, arms: ['direct', 'cap:4', 'timeout:2000', 'spillway'] },
    { scenario: evenly!, arms: ['direct', 'nginx-conn:8', 'spillway'] },
  ],
  seeds: [801, 803],
  findings: ([here, cloud, even]) => ({
    conclusions: [
      found({
        id: 'switching.in-turn',
        what: 'loading for each request, in turn',
        value: meanOf(here!, 'direct', loading),
        unit: 'ms',
        digits: 0,
      }),
      found({
        id: 'switching.loading',
        what: 'loading for each request, nowhere else to go',
        value: meanOf(here!, 'spillway', loading),
        unit: 'ms',
        digits: 1,
        bar: { most: 50 },
      }),
      found({
        id: 'switching.p95',
        what: 'p95 of the whole answer, times better than in turn',
        value: meanOf(here!, 'direct', p95) / meanOf(here!, 'spillway', p95),
        unit: 'x',
        bar: { least: 3.5 },
      }),
      found({
        id: 'switching.cloud.loading',
        what: 'loading for each request, with a cloud',
        value: meanOf(cloud!, 'spillway', loading),
        unit: 'ms',
        digits: 1,
        bar: { most: 5 },
      }),
      found({
        id: 'switching.cloud.out',
        what: 'requests to that cloud',
        value: meanOf(
          cloud!,
          'spillway',
          percent(({ outRequests }) => outRequests),
        ),
        unit: '%',
        digits: 1,
        bar: { most: 5 },
      }),
      found({
        id: 'switching.evenly.loads',
        what: 'loads in 100 requests, two models asked for equally often',
        value: (meanOf(even!, 'spillway', loading) / loadMsOf(even!)) * 100,
        unit: '',
        digits: 1,
        // What a dwell of twice the loading time comes to; without one the two take turns and the queue grows.
        bar: { most: 27 },
      }),
    ],
    plots: [
      {
        name: 'switching-latency',
        alt: 'How many answers were whole within which time, three models on two servers',
        svg: distributionSvg({
          title: 'Until the whole answer',
          subtitle: 'three models on two servers that hold one each',
          unit: 'ms',
          series: [
            distribution(here!, 'spillway', 'Spillway'),
            distribution(here!, 'direct', 'in turn'),
            distribution(here!, 'nginx-conn:8', 'limit_conn 8'),
          ],
        }),
      },
    ],
  }),
})

const loadMsOf = ({ scenario }: Played): number => scenario.fleet[0]!.server.engine.loadMs
