import { type Arrivals, dayMs } from './arrivals.ts'
import { type SimCaller, usualWorkload, type Workload } from './workload.ts'

/** As many as come in one day, most of them in the afternoon. */
export const dayLong = (requests: number): Arrivals => ({ type: 'day', perSecond: (requests * 1_000) / dayMs })

const somebody = { weight: 1, cloud: 'allowed', patienceMs: undefined } as const

const named = (count: number, name: string, about: Pick<SimCaller, 'priority'> & Partial<SimCaller>): SimCaller[] =>
  Array.from({ length: count }, (_, index) => ({ ...somebody, ...about, name: `${name}-${index + 1}` }))

/** Twenty at one house: most of them chat, some are programs, and some have all night. */
const house: readonly SimCaller[] = [
  ...named(14, 'person', { priority: 'interactive', weight: 2, patienceMs: 5_000 }),
  ...named(4, 'agent', { priority: 'default' }),
  ...named(2, 'nightly', { priority: 'batch', cloud: 'never', patienceMs: 120_000 }),
]

/** A day of so many requests, of the sizes that people's requests have: half of the prompts longer than a thousand tokens. */
export const dayWorkload = (requests: number): Workload => ({
  ...usualWorkload,
  arrivals: dayLong(requests),
  // Most of what people use speaks as OpenAI does.
  ollamaDialect: 0.1,
  callers: house.map((of) => ({ share: 1, of })),
  promptTokens: { mean: 1_400, sigma: 0.8, most: 8_000 },
  outputTokens: { mean: 200, sigma: 0.8, most: 2_000 },
})
