import { curveSvg } from '../../../src/plots/curve.ts'
import type { PartPlan } from '../../report/part.ts'
import type { Played } from '../play.ts'
import { surges } from '../scenarios/surge.ts'
import { found, meanOf, percent, virtualPart } from './plan.ts'

const onTime = percent(({ onTimeWork }) => onTimeWork)

const lines = {
  direct: 'nothing in between',
  'nginx-conn:6': 'limit_conn 6',
  'nginx-conn:12': 'limit_conn 12',
  'nginx-conn:24': 'limit_conn 24',
  spillway: 'Spillway',
} as const

export const surgePart: PartPlan = virtualPart({
  name: 'surge',
  title: 'Up to five times too much, and no cloud',
  about:
    'What a server gets done for somebody when far more is asked of it than it can do: work that is finished in time, as a share of what it can do when it is never idle. A fixed limit is excellent when it is right and useless when it is wrong; Spillway is told none.',
  workload:
    'One to five times what a server of four slots can do, from twelve callers, 52 tokens on average; an answer after 5 s is worth nothing. Ten minutes of each seed count.',
  fair: '`limit_conn` stands at three settings: 6 happens to be right for this server and this deadline, 12 and 24 are what one might set without having measured. Rate limits and client timeouts are in the page’s full command. On-time work may exceed 100 % by what ends after the last request.',
  runs: surges.map((scenario) => ({ scenario, arms: [...Object.keys(lines), 'nginx-rate:2.4:4', 'timeout:2000'] })),
  seeds: [801, 805],
  findings: (played) => ({
    conclusions: played.map((one) =>
      found({
        id: `surge.${timesOf(one)}.on-time`,
        what: `${timesOf(one)} times what it can do: on-time work, of its capacity`,
        value: meanOf(one, 'spillway', onTime),
        unit: '%',
        digits: 1,
        // Asked for just what it can do, chance leaves it idle now and then.
        ...(timesOf(one) === 1 ? {} : { bar: { least: 90 } }),
      }),
    ),
    plots: [
      {
        name: 'surge-goodput',
        alt: 'On-time work as a share of capacity, from one to five times the load',
        svg: curveSvg({
          title: 'What is done in time when too much is asked',
          subtitle: 'one server of four slots, answers wanted within 5 s, no cloud',
          x: { label: 'asked for, times what the server can do' },
          y: { label: 'of capacity as on-time work', unit: '%' },
          // Spillway first, so that it has the colour that it has in the other pictures.
          series: Object.entries(lines)
            .toReversed()
            .map(([arm, name]) => ({
              name,
              points: played.map((one) => [timesOf(one), meanOf(one, arm, onTime)]),
            })),
        }),
      },
    ],
  }),
})

const timesOf = ({ scenario }: Played): number => Number(scenario.name.split('-')[1])
