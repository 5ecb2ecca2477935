import type { Json } from '../../src/core/json.ts'
import type { Chance } from '../../src/sim/chance.ts'
import { kinds } from './house.ts'
import { below, mutateBytes, mutateJson, oneOf } from './mutate.ts'

/** Requests that say much of what can be said in each of the APIs: what is changed in them means something. */
const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const schema = {
  type: 'object',
  properties: { city: { type: 'string', description: 'Where' }, days: { type: 'integer', minimum: 1 } },
  required: ['city'],
}

const tools = [{ type: 'function', function: { name: 'weather', description: 'The weather', parameters: schema } }]

const openAiChat: Json = {
  messages: [
    { role: 'system', content: 'Be kind.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is it?' },
        { type: 'text', text: 'Say.' },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'Rain' },
    { role: 'user', content: 'And now?' },
  ],
  temperature: 0.7,
  top_p: 0.9,
  max_tokens: 50,
  stop: ['a', 'b'],
  seed: 7,
  tools,
  tool_choice: 'auto',
  parallel_tool_calls: true,
  response_format: { type: 'json_schema', json_schema: { name: 'it', schema } },
  reasoning_effort: 'low',
  stream_options: { include_usage: true },
  user: 'me',
}

const anthropic: Json = {
  max_tokens: 50,
  system: [{ type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral' } }],
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'What is it?' }] },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Bern' } }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'Rain' }] },
  ],
  temperature: 0.5,
  stop_sequences: ['a'],
  tools: [{ name: 'weather', description: 'The weather', input_schema: schema }],
  tool_choice: { type: 'auto' },
  metadata: { user_id: 'me' },
}

const ollamaOptions = { temperature: 0.5, num_predict: 50, num_ctx: 4_096, stop: ['a'], seed: 7, top_k: 40 }

const ollamaChat: Json = {
  messages: [
    { role: 'user', content: 'What is it?', images: [picture] },
    { role: 'assistant', content: '', tool_calls: [{ function: { name: 'weather', arguments: { city: 'Bern' } } }] },
    { role: 'tool', tool_name: 'weather', content: 'Rain' },
  ],
  tools,
  format: schema,
  options: ollamaOptions,
  keep_alive: '5m',
  think: false,
}

const responses: Json = {
  input: [
    { role: 'user', content: [{ type: 'input_text', text: 'What is it?' }] },
    { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Bern"}' },
    { type: 'function_call_output', call_id: 'call_1', output: 'Rain' },
  ],
  instructions: 'Be kind.',
  max_output_tokens: 50,
  tools: [{ type: 'function', name: 'weather', parameters: schema, strict: false }],
  tool_choice: 'auto',
  text: { format: { type: 'json_schema', name: 'it', schema } },
  reasoning: { effort: 'low' },
  store: false,
}

const seeds: readonly (readonly [dialect: string, body: Json])[] = [
  ['openai-chat', openAiChat],
  ['anthropic-messages', anthropic],
  ['ollama-chat', ollamaChat],
  ['openai-responses', responses],
  ['openai-completions', { prompt: 'Once', max_tokens: 20, temperature: 0.5, logprobs: 1, stop: 'a', echo: false }],
  ['ollama-generate', { prompt: 'Once', system: 'Be kind.', options: ollamaOptions, format: 'json', raw: false }],
  ['openai-embeddings', { input: ['one', 'two'], encoding_format: 'float' }],
  ['ollama-embed', { input: ['one', 'two'], truncate: true, options: ollamaOptions }],
  ['ollama-embeddings', { prompt: 'one' }],
]

export interface Fuzzed {
  readonly dialect: string
  readonly body: Buffer
  readonly headers: readonly string[]
}

const headers = [
  'X-Priority: batch',
  'X-Patience: soon',
  'X-Spillway-Patience: 10ms',
  'Authorization: Bearer nobody',
  'x-api-key: sk',
  'anthropic-version: 1999-01-01',
  'anthropic-beta: all,of,it',
  'Accept: text/html',
  'Accept-Encoding: br',
  'User-Agent: x',
  'X-Request-Id: \u00e9',
  'Cookie: a=b',
]

const texts = seeds.map(([dialect, body]) => [dialect, JSON.stringify(body)] as const)

/** A request in which some things are other than they should be: most often what stands in its body, at times how. */
export function fuzzedRequest(chance: Chance): Fuzzed {
  const [dialect, seed] = oneOf(chance, texts)
  const body = JSON.parse(seed) as Record<string, unknown>
  // What changes all that comes behind it should not be all that ever changes.
  for (const name of Object.keys(body)) if (name !== 'messages' && chance() < 0.25) delete body[name]
  body['model'] = oneOf(chance, kinds)
  if (chance() < 0.5) body['stream'] = chance() < 0.7
  for (let left = oneOf(chance, [0, 1, 1, 2]); left > 0; left -= 1) mutateJson(body, chance)
  const whole = Buffer.from(JSON.stringify(body))
  const said = Array.from({ length: below(chance, 3) }, () => oneOf(chance, headers))
  return { dialect, body: chance() < 0.05 ? mutateBytes(whole, chance) : whole, headers: [...new Set(said)] }
}
