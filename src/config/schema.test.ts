import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse as parseYaml } from 'yaml'
import { backends } from '../backends/index.ts'
import { jsonSchema } from './json-schema.ts'
import { loadConfig } from './load.ts'

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const published = read('spillway.schema.json')
const example = read('spillway.example.yaml')

interface Node {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Node[]
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Node | false
  readonly items?: Node
  readonly minItems?: number
  readonly minLength?: number
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly pattern?: string
}

const schema = JSON.parse(published) as Node

/** As much of JSON Schema as ours uses, as an editor applies it: what is wrong, by path. */
function against(node: Node, value: unknown, path = ''): string[] {
  if (node.anyOf !== undefined) {
    return node.anyOf.some((one) => against(one, value, path).length === 0) ? [] : [`${path}: fits nothing of anyOf`]
  }
  const found: string[] = []
  const must = (isGood: boolean, what: string): void => void (isGood || found.push(`${path}: ${what}`))
  if (node.enum !== undefined) must(node.enum.includes(value), 'enum')
  if (node.const !== undefined) must(node.const === value, 'const')
  if (typeof value === 'string') {
    must(node.type === 'string', 'text')
    must(value.length >= (node.minLength ?? 0), 'minLength')
    must(new RegExp(node.pattern ?? '', 'u').test(value), 'pattern')
  } else if (typeof value === 'number') {
    must(node.type === 'number' || (node.type === 'integer' && Number.isInteger(value)), 'number')
    must(value >= (node.minimum ?? -Infinity) && value > (node.exclusiveMinimum ?? -Infinity), 'minimum')
  } else if (Array.isArray(value)) {
    must(node.type === 'array' && value.length >= (node.minItems ?? 0), 'array')
    for (const [i, item] of value.entries()) found.push(...against(node.items ?? {}, item, `${path}[${i}]`))
  } else if (typeof value === 'object' && value !== null) {
    must(node.type === 'object', 'object')
    for (const key of node.required ?? []) must(key in value, `${key} is missing`)
    for (const [key, item] of Object.entries(value)) {
      const inner = node.properties?.[key] ?? node.additionalProperties
      if (inner === undefined || inner === false) must(false, `${key} is unknown`)
      else found.push(...against(inner, item, `${path}.${key}`))
    }
  } else {
    must(node.type === typeof value, 'type')
  }
  return found
}

test('the schema that is published is the one that the code has', () => {
  assert.equal(published, jsonSchema(), 'Run: npm run schema')
  assert.match(published, /"\$schema": "http:\/\/json-schema.org\/draft-07\/schema#"/)
})

test('every key has a text that editors can show', () => {
  const silent: string[] = []
  const walk = (node: Node, path: string): void => {
    for (const [key, inner] of Object.entries(node.properties ?? {})) {
      if ((inner.description ?? '').length < 10) silent.push(`${path}.${key}`)
      walk(inner, `${path}.${key}`)
    }
    if (node.items !== undefined) walk(node.items, `${path}[]`)
    if (typeof node.additionalProperties === 'object') walk(node.additionalProperties, `${path}.*`)
  }
  walk(schema, '')
  assert.deepEqual(silent, [])
})

test('every key that may be left out shows its default, or says what it means to leave it out', () => {
  const silent: string[] = []
  const walk = (node: Node, path: string): void => {
    for (const [key, inner] of Object.entries(node.properties ?? {})) {
      const { default: byDefault, description = '' } = inner
      if (key === '$schema' || description.includes('does not act')) continue
      const isSaid = byDefault !== undefined || /[Dd]efault|[Ww]ithout|Needed beyond/.test(description)
      if (!isSaid && !node.required?.includes(key)) silent.push(`${path}.${key}`)
      if (inner.properties !== undefined) walk(inner, `${path}.${key}`)
      if (inner.items !== undefined) walk(inner.items, `${path}.${key}[]`)
    }
  }
  walk(schema, '')
  assert.deepEqual(silent, [])
  const { queue, timeouts, probe_every: probeEvery } = schema.properties ?? {}
  const shown = [queue?.properties?.['patience'], timeouts?.properties?.['gap'], probeEvery].map((one) => one?.default)
  assert.deepEqual(shown, ['8s', '1m', '5s'])
})

test('editors know every kind of server', () => {
  const kind = schema.properties?.['upstreams']?.items?.properties?.['kind']
  assert.deepEqual(
    kind?.anyOf?.[0]?.enum,
    backends.map((backend) => backend.kind),
  )
})

test('the example is right for the gateway and for an editor, says which schema it has, and needs no environment', () => {
  assert.match(example, /^# yaml-language-server: \$schema=\.\/spillway\.schema\.json\n/)
  assert.deepEqual(against(schema, parseYaml(example)), [])
  const { config, warnings } = loadConfig(example, { file: 'spillway.example.yaml', env: {} })
  assert.deepEqual(warnings, [])
  assert.equal(config.upstreams.length, 3)
})

test('the example shows every key that this version acts on', () => {
  const idle = ['$schema', 'cache', 'data_dir']
  const shown = Object.keys(parseYaml(example) as object)
  assert.deepEqual(
    Object.keys(schema.properties ?? {}).filter((key) => !shown.includes(key) && !idle.includes(key)),
    [],
  )
})

/** What the documentation promises to accept, with every key there is. */
const full = `
$schema: ./spillway.schema.json
listen: 127.0.0.1:11400
admin: { listen: 127.0.0.1:11401, token: "\${TOKEN}" }
upstreams:
  - name: gpu-1
    kind: ollama
    url: http://127.0.0.1:11434
    concurrency: auto
    models: { preload: [llama3.1:8b], at_once: 2, context: { "llama3.1:8b": 8192 } }
  - name: haiku
    kind: openai
    url: https://api.example.com
    api_key: "\${API_KEY}"
    concurrency: "\${PLACES}"
    tier: 1
    models: { serve: { "llama3.1:8b": claude-haiku-4-5 } }
fallback_models: { "llama3.3:70b": ["llama3.1:8b"] }
queue: { max: 200, patience: 8s }
callers:
  - { name: chat-ui, key: "\${CHAT_UI_KEY}", priority: interactive, weight: 2, models: ["llama3.1:8b"],
      limits: { requests_per_minute: 60, tokens_per_minute: 100000, concurrent: 4 },
      budget: { usd: 5, per: day }, cloud: allowed, patience: 1.2s }
budget: { usd: 20, per: day, alert_at: [0.5, 0.8, 1] }
cache: { enabled: true }
prices: { claude-haiku-4-5: { input: 1, output: 5 } }
data_dir: /var/lib/spillway
anonymous: { limits: { requests_per_minute: 30 } }
timeouts:
  { connect: 300ms, load: 20m, first_token: 2h, gap: 60000, total: 3h, heartbeat: false, drain: 1m, drain_delay: 4s }
attempts: 2
retry_budget: 0.1
probe_every: 2s
upstream_transport: undici
log: { level: debug, format: json }
`

test('every key of the contract is accepted, by the gateway and by an editor', () => {
  assert.deepEqual(against(schema, parseYaml(full)), [])
  const env = { TOKEN: 'long enough', API_KEY: 'a', CHAT_UI_KEY: 'b', PLACES: '3' }
  const { config } = loadConfig(full, { file: 'full.yaml', env })
  const { connect, load, first_token: firstToken, gap, total, heartbeat } = config.timeouts
  assert.deepEqual([connect, load, firstToken, gap], [300, 1_200_000, 7_200_000, 60_000])
  assert.deepEqual([total, heartbeat], [10_800_000, false])
  assert.deepEqual([config.timeouts.drain, config.timeouts.drain_delay], [60_000, 4_000])
  assert.equal(config.callers[0]?.patience, 1_200)
  assert.equal(config.upstreams[1]?.concurrency, 3)
})

test('an editor marks what the gateway would refuse', () => {
  const marked = (text: string): string[] => against(schema, parseYaml(text))
  assert.deepEqual(marked('upstreams: [{ name: a, kind: olama, url: u }]'), [
    '.upstreams[0].kind: fits nothing of anyOf',
  ])
  assert.deepEqual(marked('upstreams: [{ name: a, kind: ollama }]'), ['.upstreams[0]: url is missing'])
  assert.deepEqual(marked('upstreams: []'), ['.upstreams: array'])
  assert.deepEqual(marked('{ upstreams: [{ name: a, kind: ollama, url: u }], quue: 1 }'), [': quue is unknown'])
  assert.deepEqual(marked('{ upstreams: [{ name: a, kind: ollama, url: u }], queue: { max: x } }'), [
    '.queue.max: fits nothing of anyOf',
  ])
})
