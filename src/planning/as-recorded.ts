import { backendOf } from '../backends/index.ts'
import { resolve } from '../config/settings.ts'
import type { MoneySettings, Settings, UpstreamSettings } from '../core/settings.ts'
import { picoPerMillion, type Price } from '../core/money.ts'
import type { RecordedUpstream, SettingsRow } from '../recording/rows.ts'

/** The configuration that a recording tells of. What it does not tell is as it is by default. */
export function settingsAsRecorded({ upstreams, queue }: SettingsRow): Settings {
  return {
    ...usualSettings(),
    upstreams: upstreams.map(upstreamOf),
    queue: { max: queue.max, patienceMs: queue.patience_ms, deadlineMs: queue.deadline_ms },
  }
}

let usual: Settings | undefined

/** All that holds where nothing is configured; the server in it is none. */
export const usualSettings = (): Settings =>
  (usual ??= resolve({ upstreams: [{ name: 'any', kind: 'ollama', url: 'http://127.0.0.1:1' }] }))

function upstreamOf({ name, kind, tier, concurrency, serve, context }: RecordedUpstream): UpstreamSettings {
  return {
    name,
    // A kind that is not known here was some application's own; most of those speak OpenAI's chat.
    backend: backendOf(kind) ?? backendOf('openai-compatible')!,
    origin: `http://${name}.recorded`,
    basePath: '',
    apiKey: undefined,
    tier,
    concurrency,
    serve: serve === undefined ? undefined : new Map(Object.entries(serve)),
    context: new Map(Object.entries(context)),
  }
}

/** By the names that servers have for their models. */
export function pricesOf(upstreams: readonly RecordedUpstream[]): MoneySettings['prices'] {
  const prices = new Map<string, Price>()
  for (const upstream of upstreams) {
    for (const [model, { input, output }] of Object.entries(upstream.prices ?? {})) {
      const price = { input: pico(input), output: pico(output), source: 'recording' }
      if (!prices.has(model.toLowerCase())) prices.set(model.toLowerCase(), price)
    }
  }
  return prices
}

const pico = (dollarsPerMillion: number): number => Math.round(dollarsPerMillion * picoPerMillion)
