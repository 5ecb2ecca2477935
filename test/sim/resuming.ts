import type { Resumed } from '../../src/core/event.ts'
import type { Faults } from '../../src/sim/faults.ts'
import { machine } from '../../src/sim/fleet.ts'
import type { Report } from '../../src/sim/report.ts'
import { simulate } from '../../src/sim/run.ts'
import { llamacppLike, ollamaLike, vllmLike } from '../../src/sim/server-spec.ts'
import { poisson, type TalkingDialect, usualModel, usualWorkload } from '../../src/sim/workload.ts'

/** In all of these an answer may break and be carried on. */
const dialects: readonly TalkingDialect[] = [
  'openai-chat',
  'openai-completions',
  'anthropic-messages',
  'ollama-chat',
  'ollama-generate',
]

const models = [{ name: usualModel, contextTokens: 32_768 }]

/** They break in every way there is, at any token, torn in two as often as not. */
const breaking = (chance: number): { faults: Faults; torn: number; models: typeof models } => ({
  faults: { breaks: chance, reset: 0.01, error503: 0.01 },
  torn: 0.4,
  models,
})

export interface Resumes {
  readonly report: Report
  readonly outcomes: Readonly<Record<Resumed, number>>
}

/**
 * Streams that break at random places and are carried on: on servers of the kind that can, and in front of others, which
 * break as well. Every caller must hear every token once and in order; the simulation itself holds the gateway to that.
 */
export async function resuming(seed: number, requests = 60): Promise<Resumes> {
  const outcomes: Record<Resumed, number> = { 'carried-on': 0, finished: 0, unfit: 0, failed: 0, left: 0 }
  const broken = breaking(seed % 2 === 0 ? 0.01 : 0.03)
  const others = [ollamaLike({ ...broken, name: 'ollama' }), vllmLike({ ...broken, name: 'vllm' })]
  const report = await simulate({
    seed,
    requests,
    fleet: [
      machine(llamacppLike({ ...broken, name: 'one' })),
      machine(llamacppLike({ ...broken, name: 'two' })),
      // Every third fleet has only servers that can go on.
      ...(seed % 3 === 0 ? [] : others.map((server) => machine(server))),
    ],
    workload: {
      ...usualWorkload,
      arrivals: poisson(3),
      streamed: 0.95,
      hangUps: 0.1,
      limited: 0.4,
      dialects: dialects.map((of) => ({ share: 1, of })),
    },
    settings: {
      models: new Map([['llama*', { resume: true }]]),
      timeouts: { connectMs: 1_000, firstTokenMs: 8_000, gapMs: 3_000 },
    },
    script: ({ gateway }) => {
      gateway.subscribe((event) => {
        if (event.type === 'resumed') outcomes[event.outcome] += 1
      })
      return Promise.resolve()
    },
  })
  return { report, outcomes }
}
