import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { measured, refused, settled, someAsk } from '../../test/telemetry/asks.ts'
import { Fault } from '../core/fault.ts'
import { Metrics } from './metrics.ts'

const granted = { upstream: 'gpu-1', tier: 0, waitMs: 0, spilled: false } as const

test('a served ask is counted by caller, model, upstream, dialect and status', () => {
  const metrics = new Metrics(measured)
  metrics.listen(settled(someAsk()))
  const text = metrics.render()
  shows(
    text,
    'spillway_requests_total{caller="chat-ui",model="llama3.1:8b",upstream="gpu-1",dialect="openai.chat",status="200"} 1',
  )
  shows(text, 'spillway_tokens_total{direction="input",caller="chat-ui",model="llama3.1:8b",upstream="gpu-1"} 12')
  shows(text, 'spillway_tokens_total{direction="output",caller="chat-ui",model="llama3.1:8b",upstream="gpu-1"} 34')
  shows(text, 'spillway_request_duration_seconds_sum{model="llama3.1:8b",upstream="gpu-1"} 2')
  shows(text, 'spillway_queue_wait_seconds_bucket{model="llama3.1:8b",le="0.25"} 1')
})

test('what came is held against what was predicted, by how often and by how much', () => {
  const metrics = new Metrics(measured)
  const predicted = { waitMs: 125, firstTokenMs: 1_000, totalMs: 2_000 }
  metrics.listen(settled(someAsk(), { predicted }))
  metrics.listen(settled(someAsk()))
  const text = metrics.render()
  shows(text, 'spillway_prediction_ratio_bucket{what="wait",le="1.6"} 0')
  shows(text, 'spillway_prediction_ratio_bucket{what="wait",le="2"} 1')
  shows(text, 'spillway_prediction_ratio_bucket{what="first_token",le="0.4"} 1')
  shows(text, 'spillway_prediction_ratio_sum{what="total"} 1')
  shows(text, 'spillway_prediction_ratio_count{what="total"} 1')
  shows(text, 'spillway_prediction_error_seconds_total{what="wait",came="later"} 0.125')
  shows(text, 'spillway_prediction_error_seconds_total{what="first_token",came="sooner"} 0.6')
})

test('what a server says it had in memory is counted, and nothing is said of one that does not tell', () => {
  const metrics = new Metrics(measured)
  metrics.listen(settled(someAsk()))
  assert.doesNotMatch(metrics.render(), /^spillway_prefix_cached_tokens_total\{/m)
  metrics.listen(settled(someAsk(), { usage: { promptTokens: 12, outputTokens: 34, cachedTokens: 8 } }))
  shows(metrics.render(), 'spillway_prefix_cached_tokens_total{model="llama3.1:8b",upstream="gpu-1"} 8')
})

test('the first token is timed as it comes, not when the answer has ended', () => {
  const metrics = new Metrics(measured)
  metrics.listen({ type: 'first-token', ask: someAsk(), upstream: 'gpu-1', afterMs: 400 })
  shows(metrics.render(), 'spillway_time_to_first_token_seconds_sum{model="llama3.1:8b",upstream="gpu-1"} 0.4')
})

test('the tokens of an answer that broke half way were spent and are counted', () => {
  const metrics = new Metrics(measured)
  metrics.listen(settled(someAsk(), { fault: new Fault('upstream-broke', 'gone') }))
  const text = metrics.render()
  shows(text, 'spillway_tokens_total{direction="output",caller="chat-ui",model="llama3.1:8b",upstream="gpu-1"} 34')
  assert.doesNotMatch(text, /^spillway_request_duration_seconds_count/m)
})

test('a refusal is counted with its reason, whether an ask was made of it or not', () => {
  const metrics = new Metrics(measured)
  metrics.listen(refused(someAsk(), new Fault('queue-full', 'full')))
  metrics.listen(refused(someAsk(), new Fault('rate-limited', 'too many')))
  metrics.listen({ type: 'request-refused', kind: 'unauthorized', status: 401, dialect: 'openai.chat' })
  const text = metrics.render()
  shows(text, 'spillway_rejected_total{reason="queue-full"} 1')
  shows(text, 'spillway_rejected_total{reason="rate-limited"} 1')
  shows(text, 'spillway_rejected_total{reason="unauthorized"} 1')
  shows(text, 'spillway_requests_total{caller="",model="",upstream="",dialect="openai.chat",status="401"} 1')
})

test('a caller who hung up was not turned away, but has waited', () => {
  const metrics = new Metrics(measured)
  metrics.listen(refused(someAsk(), new Fault('cancelled', 'gone')))
  const text = metrics.render()
  assert.doesNotMatch(text, /^spillway_rejected_total\{/m)
  shows(text, 'spillway_queue_wait_seconds_count{model="llama3.1:8b"} 1')
})

test('a refusal at first sight does not make the queue look short', () => {
  const metrics = new Metrics(measured)
  metrics.listen(refused(someAsk(), new Fault('forbidden', 'no')))
  assert.doesNotMatch(metrics.render(), /^spillway_queue_wait_seconds_count/m)
})

test('streams that broke and may be carried on are counted by what became of them, from nought on', () => {
  const metrics = new Metrics(measured)
  shows(metrics.render(), 'spillway_resumes_total{outcome="carried-on"} 0')
  const resumed = { type: 'resumed', ask: someAsk(), from: 'gpu-1', upstream: 'gpu-2', afterMs: 3 } as const
  metrics.listen({ ...resumed, outcome: 'carried-on' })
  metrics.listen({ ...resumed, upstream: undefined, outcome: 'failed' })
  const text = metrics.render()
  shows(text, 'spillway_resumes_total{outcome="carried-on"} 1')
  shows(text, 'spillway_resumes_total{outcome="failed"} 1')
})

test('a spill is a fallback', () => {
  const metrics = new Metrics(measured)
  metrics.listen({ type: 'ask-granted', ask: someAsk(), ...granted, tier: 1, spilled: true })
  metrics.listen({ type: 'ask-granted', ask: someAsk(), ...granted })
  shows(metrics.render(), 'spillway_fallback_total{reason="spill"} 1')
})

test('a failed attempt is a fallback only if another upstream is given the ask', () => {
  const metrics = new Metrics(measured)
  const failed = {
    type: 'attempt-failed',
    upstream: 'gpu-1',
    midStream: false,
    kind: 'upstream-busy',
    reason: 'x',
  } as const
  const [first, second] = [someAsk(), someAsk({ id: 'ask-2' })]
  metrics.listen({ ...failed, ask: first })
  metrics.listen({ ...failed, ask: second })
  metrics.listen({ type: 'ask-granted', ask: first, ...granted })
  const text = metrics.render()
  shows(text, 'spillway_fallback_total{reason="upstream-busy"} 1')
  shows(text, 'spillway_upstream_failures_total{upstream="gpu-1",reason="upstream-busy"} 2')
})

test('names that no upstream serves share one label, so that strangers cannot make time series', () => {
  const metrics = new Metrics(measured)
  for (let n = 0; n < 10_000; n += 1) {
    metrics.listen(refused(someAsk({ model: `gpt-${n}` }), new Fault('no-such-model', 'unknown')))
  }
  const text = metrics.render()
  shows(
    text,
    'spillway_requests_total{caller="chat-ui",model="other",upstream="",dialect="openai.chat",status="404"} 10000',
  )
  assert.doesNotMatch(text, /gpt-/)
})

test('however a caller spells a model, it is one series', () => {
  const metrics = new Metrics(measured)
  metrics.listen(settled(someAsk({ model: 'LLAMA3.1:8B' })))
  metrics.listen(settled(someAsk({ model: 'Llama3.1:8b' })))
  const line =
    'spillway_requests_total{caller="chat-ui",model="llama3.1:8b",upstream="gpu-1",dialect="openai.chat",status="200"} 2'
  shows(metrics.render(), line)
})

test('queue and upstreams are read when Prometheus asks', () => {
  const source = { ...measured, waiting: 0 }
  const metrics = new Metrics(source)
  source.waiting = 17
  const text = metrics.render()
  shows(text, 'spillway_queue_depth 17')
  shows(text, 'spillway_upstream_up{upstream="gpu-1"} 1')
  shows(text, 'spillway_upstream_in_flight{upstream="gpu-1",model="llama3.1:8b"} 2')
  shows(text, 'spillway_upstream_limit{upstream="gpu-1",model="llama3.1:8b"} 4')
  shows(text, 'spillway_upstream_foreign{upstream="gpu-1",model="llama3.1:8b"} 1')
  shows(text, 'spillway_upstream_state{upstream="gpu-1",state="up"} 1')
  shows(text, 'spillway_upstream_state{upstream="gpu-1",state="down"} 0')
  shows(text, 'spillway_upstream_model_state{upstream="gpu-1",model="llama3.1:8b",state="opening"} 1')
  shows(text, 'spillway_upstream_model_state{upstream="gpu-1",model="llama3.1:8b",state="well"} 0')
  shows(text, 'spillway_stalls_total{upstream="gpu-1",model="llama3.1:8b"} 3')
})

test('an upstream that nobody has probed yet is neither up nor down', () => {
  const nothing = { state: () => 'unknown' as const, modelFor: () => undefined, places: () => [] }
  const upstreams = [{ settings: { name: 'new' }, up: undefined, ...nothing }]
  const metrics = new Metrics({ waiting: 0, world: { now: () => 0 }, fleet: { upstreams, serving: () => [] } })
  assert.doesNotMatch(metrics.render(), /^spillway_upstream_up\{/m)
})

test('the process tells of its memory, its time and its event loop', () => {
  const text = new Metrics(measured).render()
  for (const name of ['process_resident_memory_bytes', 'process_cpu_seconds_total', 'nodejs_heap_size_used_bytes']) {
    assert.ok(valueOf(text, name) > 0, name)
  }
})

test('a blocked event loop shows as lag', async () => {
  const metrics = new Metrics(measured)
  await sleep(30)
  const until = performance.now() + 60
  while (performance.now() < until);
  await sleep(30)
  assert.ok(valueOf(metrics.render(), 'nodejs_eventloop_lag_max_seconds') > 0.03)
})

const valueOf = (text: string, metric: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${metric} `))
      ?.slice(metric.length),
  )

function shows(text: string, line: string): void {
  assert.ok(text.split('\n').includes(line), `expected a line\n${line}\nin\n${text}`)
}
