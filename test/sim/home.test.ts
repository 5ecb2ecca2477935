import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '../../src/core/event.ts'
import { machine } from '../../src/sim/fleet.ts'
import { simulate } from '../../src/sim/run.ts'
import { anthropicLike, cloudLike, ollamaLike, vllmLike } from '../../src/sim/server-spec.ts'
import { dimensions, poisson, usualWorkload } from '../../src/sim/workload.ts'

const seeds = 40

const models = [
  { name: 'secret:8b', contextTokens: 8_192 },
  { name: 'open:8b', contextTokens: 8_192 },
  { name: 'vectors:latest', contextTokens: 8_192, dimensions },
]
const faults = { refused: 0.05, reset: 0.05, error500: 0.05, error503: 0.05, silent: 0.01, breaks: 0.004 }
const names = ['secret:8b', 'open:8b', 'alias', 'Secret:8B']

/** Two machines at home that fail and are too small, and a cloud that has every model by every name. */
const fleet = [
  machine(ollamaLike({ name: 'one', models, faults, engine: { loadMs: 500 } }), {
    serve: { 'secret:8b': 'secret:8b', 'open:8b': 'open:8b', alias: 'secret:8b', vectors: 'vectors:latest' },
  }),
  machine(vllmLike({ name: 'two', models: models.slice(0, 2), faults }), { concurrency: 2 }),
  machine(
    cloudLike({
      key: 'k',
      models: [
        { name: 'gpt', contextTokens: 99_000 },
        { ...models[2]!, name: 'embed' },
      ],
    }),
    {
      serve: { ...Object.fromEntries(names.map((name) => [name, 'gpt'])), vectors: 'embed' },
    },
  ),
  machine(anthropicLike({ key: 'k' }), { serve: Object.fromEntries(names.map((name) => [name, 'claude-haiku-4-5'])) }),
]

test('no request for a private model goes where it costs money, whatever fails and however long the queue is', async () => {
  const sent = new Map<string, number>()
  let kept = 0
  for (let seed = 1; seed <= seeds; seed += 1) {
    const listen = (event: Event): void => {
      if (event.type === 'ask-arrived' && event.ask.model !== 'open:8b') kept += 1
      if (event.type !== 'ask-granted' || event.tier === 0) return
      sent.set(event.ask.model, (sent.get(event.ask.model) ?? 0) + 1)
    }
    await simulate({
      seed,
      requests: 60,
      fleet,
      workload: {
        ...usualWorkload,
        arrivals: poisson(seed % 3 === 0 ? 40 : 8),
        models: names.map((of) => ({ share: 1, of })),
        dialects: (
          ['openai-chat', 'openai-responses', 'openai-completions', 'anthropic-messages', 'ollama-chat'] as const
        ).map((of) => ({ share: 1, of })),
        vectors: { share: 0.1, model: 'vectors' },
      },
      outages: { everyMs: 8_000, forMs: 6_000, kinds: [{ share: 1, of: 'crash' }] },
      settings: {
        queue: { max: seed % 5, patienceMs: seed % 2 === 0 ? 300 : 5_000 },
        timeouts: { connectMs: 500, firstTokenMs: 4_000, gapMs: 2_000, totalMs: 20_000 },
        models: new Map([
          ['secret:8b', { cloud: 'never' }],
          ['vec*', { cloud: 'never' }],
        ]),
      },
      script: ({ gateway }) => {
        gateway.subscribe(listen)
        return Promise.resolve()
      },
    })
  }
  assert.deepEqual([...sent.keys()], ['open:8b'], 'only what may leave has left')
  assert.ok(sent.get('open:8b')! > seeds, `${sent.get('open:8b')} left`)
  assert.ok(kept > seeds * 20)
})
