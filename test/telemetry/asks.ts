import type { Ask } from '../../src/core/ask.ts'
import type { Event } from '../../src/core/event.ts'
import type { Fault } from '../../src/core/fault.ts'
import type { Outcome } from '../../src/core/reply.ts'
import type { MeasuredUpstream, MetricsSource } from '../../src/telemetry/metrics.ts'

/** Asks and outcomes as the gateway would tell of them. */
export function someAsk(over: Partial<Ask> = {}): Ask {
  return {
    id: 'ask-1',
    caller: { id: 'chat-ui', weight: 1, priority: 'default', models: undefined, cloud: 'allowed' },
    dialect: 'openai.chat',
    model: 'llama3.1:8b',
    stream: true,
    promptTokens: 12,
    outputTokensMax: undefined,
    needs: ['chat'],
    headers: [],
    body: {},
    raw: undefined,
    priority: 'default',
    cloud: 'allowed',
    patienceMs: 8_000,
    arrivedAt: 0,
    signal: new AbortController().signal,
    ...over,
  }
}

export function settled(ask: Ask, over: Partial<Outcome> = {}): Event {
  const outcome: Outcome = {
    usage: { promptTokens: 12, outputTokens: 34 },
    upstream: 'gpu-1',
    tier: 0,
    attempts: 1,
    waitMs: 250,
    firstTokenMs: 400,
    totalMs: 2_000,
    fault: undefined,
    ...over,
  }
  return { type: 'ask-settled', ask, outcome, decision: 'queued 0.3s; loaded' }
}

/** Turned away before any upstream was asked. */
export const refused = (ask: Ask, fault: Fault): Event =>
  settled(ask, {
    usage: { promptTokens: 0, outputTokens: 0 },
    upstream: '',
    attempts: 0,
    firstTokenMs: undefined,
    fault,
  })

const gpu: MeasuredUpstream = {
  settings: { name: 'gpu-1' },
  up: true,
  modelFor: (name) => (name.toLowerCase() === 'llama3.1:8b' ? { name: 'llama3.1:8b' } : undefined),
  state: () => 'up',
  places: () => [['llama3.1:8b', { inFlight: 2, stalls: 3, state: () => 'opening', limit: { value: 4, foreign: 1 } }]],
}

/** A fleet of one upstream with one model, as metrics read it. */
export const measured: MetricsSource = {
  waiting: 3,
  world: { now: () => 0 },
  fleet: { upstreams: [gpu], serving: (model) => (gpu.modelFor(model) === undefined ? [] : [gpu]) },
}
