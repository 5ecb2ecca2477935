import { barsSvg } from '../../../src/plots/bars.ts'
import type { Conclusion } from '../../report/conclusion.ts'
import type { PartPlan } from '../../report/part.ts'
import type { Played } from '../play.ts'
import { prefixConversation, prefixSynthetic } from '../scenarios/prefix.ts'
import { found, meanOf, percent, virtualPart } from './plan.ts'

const cached = percent(({ cached: share }) => share)
const ofMost = percent(({ cachedOfMost }) => cachedOfMost)

const arms = ['direct', 'nginx-conn:32', 'spillway']
/** Of what one cache without end would know. */
const bars = { conversation: 80, synthetic: 90 } as const

export const prefixPart: PartPlan = virtualPart({
  name: 'prefix',
  title: 'Prompts that servers still know',
  about:
    'Conversations repeat what was said before, and a server that still knows it need not read it again. Eight servers each remember a part: what is measured is the share of prompt tokens that nobody had to read, beside what one cache without end would know, since nothing can know more.',
  workload:
    'A slice of 3,200 requests of the conversation trace that Mooncake published (blocks of 512 tokens, no text), and conversations made up from a seed: up to six turns with 300 assistants. Eight servers of 4,000 blocks each; answers are cut short, since prompts are what it is about.',
  fair: 'In turn is what a load balancer does. All arms have the same servers with the same caches; the bound is that of the trace itself, and a hit rate without it means nothing.',
  runs: [
    { scenario: prefixConversation, arms },
    { scenario: prefixSynthetic, arms },
  ],
  seeds: [801, 801],
  findings: (played) => ({
    conclusions: played.flatMap(conclusionsOf),
    plots: [
      {
        name: 'prefix-cached',
        alt: 'Share of prompt tokens that a server still knew, and the most there was to know',
        svg: barsSvg({
          title: 'Prompt tokens that nobody had to read again',
          subtitle: 'eight servers of 4,000 blocks',
          unit: '%',
          first: 'Spillway',
          groups: played.map((one) => ({
            name: kindOf(one),
            bars: [
              { name: 'in turn', value: meanOf(one, 'direct', cached) },
              { name: 'Spillway', value: meanOf(one, 'spillway', cached) },
              { name: 'the most possible', value: (one.scenario.cachedMost ?? NaN) * 100 },
            ],
          })),
        }),
      },
    ],
  }),
})

const kindOf = ({ scenario }: Played): keyof typeof bars => scenario.name.slice('prefix-'.length) as keyof typeof bars

function conclusionsOf(played: Played): Conclusion[] {
  const kind = kindOf(played)
  const [inTurn, ours] = [meanOf(played, 'direct', cached), meanOf(played, 'spillway', cached)]
  const [unit, digits] = ['%', 1]
  return [
    found({ id: `prefix.${kind}.in-turn`, what: `${kind}: known in turn`, value: inTurn, unit, digits }),
    found({ id: `prefix.${kind}.cached`, what: `${kind}: known behind Spillway`, value: ours, unit, digits }),
    found({
      id: `prefix.${kind}.bound`,
      what: `${kind}: of the most possible`,
      value: meanOf(played, 'spillway', ofMost),
      unit,
      digits,
      bar: { least: bars[kind] },
    }),
    found({
      id: `prefix.${kind}.times`,
      what: `${kind}: times in turn`,
      value: ours / inTurn,
      unit: 'x',
      bar: { least: 3 },
    }),
  ]
}
