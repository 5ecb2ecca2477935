import type { PartPlan } from '../../report/part.ts'
import { outages } from '../scenarios/outage.ts'
import { found, meanOf, percent, virtualPart } from './plan.ts'

const onTime = percent(({ onTimeWork }) => onTimeWork)
const failed = percent(({ failed: share }) => share)
const home = ['direct', 'nginx-conn:8', 'nginx-conn:12', 'spillway']
const withCloud = ['direct', 'cap:8', 'spillway']

/** Tokens that both say in a second. */
const together = 240

export const outagePart: PartPlan = virtualPart({
  name: 'outage',
  title: 'One of two servers dies, in virtual time',
  about:
    'Two servers at 70 % of what they can do; one dies with all it has in hand and is back a minute later. Before, during, just after and later: who is served, how much of what the survivor can do is done in time, and whether there is a second dip when the other is back. The same on real sockets is a part of its own.',
  workload:
    'Two servers of four slots, 120 tokens a second each, asked for 168 tokens a second; an answer is in time when its first token came within 3 s. One is down from 60 s to 120 s. Without a cloud, with one, and asked for 360 tokens a second.',
  fair: 'In turn passes over a server that does not answer and leaves it alone for ten seconds, as nginx does. `limit_conn` 8 is just right while both are up, and too much while one is down.',
  runs: outages.map((scenario) => ({ scenario, arms: scenario.name.startsWith('outage-cloud') ? withCloud : home })),
  seeds: [801, 803],
  findings: (all) => {
    const played = new Map(all.map((one) => [one.scenario.name, one]))
    const of = (name: string, what: Parameters<typeof meanOf>[2]): number => meanOf(played.get(name)!, 'spillway', what)
    const homes = ['outage-before', 'outage-during', 'outage-return', 'outage-after']
    return {
      conclusions: [
        found({
          id: 'outage.failed',
          what: 'failed without a word having been said, in the worst stretch',
          value: Math.max(...homes.map((name) => of(name, failed))),
          unit: '%',
          digits: 1,
          bar: { most: 0 },
        }),
        found({
          id: 'outage.survivor',
          what: 'on-time work while one is down, of what one can do',
          value: of('outage-during', onTime),
          unit: '%',
          digits: 1,
          bar: { least: 98 },
        }),
        found({
          id: 'outage.return',
          what: 'in time once it is back',
          value: of(
            'outage-return',
            percent(({ inTime }) => inTime),
          ),
          unit: '%',
          digits: 1,
          bar: { least: 98 },
        }),
        found({
          id: 'outage.together',
          what: 'tokens a second together, asked for more than both can do',
          value: of('outage-full-after', ({ wholeWork }) => wholeWork) * together,
          unit: 'tokens/s',
          digits: 0,
          bar: { least: 235 },
        }),
        found({
          id: 'outage.cloud.failed',
          what: 'with a cloud: failed or refused while one is down',
          value: of(
            'outage-cloud-during',
            percent((seed) => seed.failed + seed.refused),
          ),
          unit: '%',
          digits: 1,
          bar: { most: 0 },
        }),
      ],
    }
  },
})
