import { conclude } from './report/conclusion.ts'
import type { PartPlan } from './report/part.ts'
import { simulatedDay } from './simulated-day.ts'

export const dayPart: PartPlan = {
  name: 'day',
  title: 'How long a simulated day takes',
  about:
    'Planning means asking "what if" more than once: a day of 100,000 requests through the production gateway, its fleet and all its callers in virtual time, as `spillway simulate` plays it.',
  workload:
    'A day with a quiet night and a busy afternoon, prompts of about a thousand tokens and answers of about two hundred, from the usual callers, on the usual fleet. Alone on the machine, as the command plays it: in a thread with room for what is new in memory.',
  fair: 'Nobody stands beside it. Servers tell what they say in pieces instead of token by token, while each token keeps its time, and those that are up are probed every half minute instead of every five seconds; tests show that it makes no difference to any decision but in the last digits.',
  kind: 'measured',
  atMostMs: 4 * 60_000,
  async play({ quick, seeds, say }) {
    const requests = quick ? 2_000 : 100_000
    const seed = seeds?.[0] ?? 1
    say(`${requests} requests`)
    const day = await simulatedDay({ requests, seed })
    return {
      tables: [
        {
          title: 'A day',
          columns: [
            { head: 'requests', digits: 0 },
            { head: 'simulated hours', digits: 1 },
            { head: 'seconds', digits: 1 },
            { head: 'of CPU', digits: 1 },
            { head: 'µs of CPU for each request', digits: 0 },
          ],
          rows: [[requests, day.virtualHours, day.seconds, day.cpuSeconds, (day.cpuSeconds * 1e6) / requests]],
        },
      ],
      conclusions: [
        conclude({
          id: 'day.seconds',
          what: 'a simulated day of 100,000 requests',
          value: day.seconds,
          unit: 's',
          digits: 1,
          bar: { most: 30 },
          missedSince:
            'a third of a millisecond a request is the way through the gateway and the simulated wire, of which no part is more than a few in a hundred',
          kind: 'absolute',
        }),
      ],
      plots: [],
      notMeasured: [],
      seeds: `${seed}`,
    }
  },
}
