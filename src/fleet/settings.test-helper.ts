import type { Need } from '../core/ask.ts'
import type { Backend } from '../core/backend.ts'
import type { UpstreamSettings } from '../core/settings.ts'

/** For tests: a kind of server that lists its models at /models. */
export const plainBackend: Backend = {
  kind: 'plain',
  title: 'Plain',
  speaks: { 'openai.chat': '/v1/chat/completions' },
  usualPort: undefined,
  tier: 0,
  initialConcurrency: 4,
  authorize: (key) => [['authorization', `Bearer ${key}`]],
  async probe(call) {
    const { status, json } = await call({ method: 'GET', path: '/models' })
    if (status !== 200) throw new Error(`it answered ${status}`)
    return { models: (json as string[]).map((id) => ({ id })) }
  },
}

export function settingsOf(name: string, more: Partial<UpstreamSettings> = {}): UpstreamSettings {
  return {
    name,
    backend: plainBackend,
    origin: `http://${name}`,
    basePath: '',
    apiKey: undefined,
    tier: 0,
    concurrency: 'auto',
    serve: undefined,
    context: new Map(),
    ...more,
  }
}

/** A server of which everything may be asked. */
export const anything = (): ReadonlySet<Need> =>
  new Set<Need>(['chat', 'text', 'infill', 'vectors', 'tools', 'vision', 'audio', 'thinking', 'logprobs', 'memory'])
