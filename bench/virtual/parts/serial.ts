import { curveSvg } from '../../../src/plots/curve.ts'
import type { Conclusion } from '../../report/conclusion.ts'
import type { PartPlan } from '../../report/part.ts'
import type { Played } from '../play.ts'
import { serials } from '../scenarios/serial.ts'
import { found, meanOf, percent, seconds, virtualPart } from './plan.ts'

const p99 = seconds(({ totalP99Ms }) => totalP99Ms)
const out = percent(({ outRequests }) => outRequests)

const wanted = serials.filter(({ name }) => name.endsWith('-8s') || name === 'serial-1-12s')

const runs = wanted.map((scenario) => {
  const optimum = scenario.arms.find((arm) => arm.startsWith('optimum:'))!
  return { scenario, optimum, arms: ['direct', 'nginx-conn:2', 'cap:2', 'cap:3', 'timeout:4000', optimum, 'spillway'] }
})

export const serialPart: PartPlan = virtualPart({
  name: 'serial',
  title: 'Many at once on a server that does one after the other',
  about:
    'A model that fills its machine answers one at a time, 4 s each: five who come together would be done after 4, 8, 12, 16 and 20 s. The only cure is to send some away, and the question is how few.',
  workload:
    'Answers of 4 s, at random instants, 0.5 to 1.5 times what the server can do, each wanted within 8 s (and once within 12 s); two hours of each seed. Behind it the same cloud as in the overload.',
  fair: 'The optimum beside it knows how long every answer takes and lets in, first come first served, whoever would still be in time: no scheduler can send fewer away. Caps and timeouts are those that suit the deadline.',
  runs,
  seeds: [801, 803],
  findings: (played) => ({
    conclusions: played.filter(({ scenario }) => scenario.wishes.deadlineMs === 8_000).flatMap(conclusionsOf),
    plots: [
      {
        name: 'serial-out',
        alt: 'Share of requests that leave for the cloud, by load: optimum, Spillway, queue cap',
        svg: curveSvg({
          title: 'How many have to leave',
          subtitle: 'answers of 4 s one after the other, wanted within 8 s',
          x: { label: 'asked for, times what the server can do' },
          y: { label: 'of all requests to the cloud', unit: '%' },
          series: [
            { name: 'Spillway', points: curve(played, 'spillway') },
            { name: 'the least possible', points: curve(played, 'optimum') },
            { name: 'queue cap 2', points: curve(played, 'cap:2') },
          ],
        }),
      },
    ],
  }),
})

const loadOf = ({ scenario }: Played): string => scenario.name.split('-')[1]!

const armOf = ({ rows }: Played, way: string): string => rows.find(({ arm }) => arm.startsWith(way))!.arm

const curve = (played: readonly Played[], way: string): [number, number][] =>
  played
    .filter(({ scenario }) => scenario.wishes.deadlineMs === 8_000)
    .map((one) => [Number(loadOf(one)), meanOf(one, armOf(one, way), out)])

function conclusionsOf(played: Played): Conclusion[] {
  const load = loadOf(played)
  const beyond = meanOf(played, 'spillway', out) - meanOf(played, armOf(played, 'optimum'), out)
  return [
    found({
      id: `serial.${load}.p99`,
      what: `${load} times what it can do: p99 of the whole answer`,
      value: meanOf(played, 'spillway', p99),
      unit: 's',
      bar: { most: 8 },
    }),
    found({
      id: `serial.${load}.beyond`,
      what: `${load} times: requests to the cloud beyond the least possible`,
      value: beyond,
      unit: 'points',
      digits: 1,
      bar: { most: 2 },
    }),
  ]
}
