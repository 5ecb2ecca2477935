import type { Json } from '../src/core/json.ts'

/** A field as a client may send it. */
export interface Sample {
  /** As people know it. */
  readonly field: string
  readonly body: Json
  /** The same request without the field, where that takes more than leaving the members of `body` out. */
  readonly without?: Json
}

interface Samples {
  /** The request without it. */
  readonly plain: Json
  readonly fields: readonly Sample[]
}

const picture = 'iVBORw0KGgoAAAANSUhEUg=='
const sound = 'UklGRiQAAABXQVZF'
const schema = { type: 'object', properties: { a: { type: 'number' } }, required: ['a'], additionalProperties: false }

const user = (content: unknown): Json => ({ role: 'user', content })
const named = (name: string, body: Json, without?: Json): Sample => ({
  field: name,
  body,
  ...(without !== undefined && { without }),
})
const field = (name: string, body: Json, without?: Json): Sample => named(`\`${name}\``, body, without)

const openAiTool = (more: Json = {}): Json => ({
  type: 'function',
  function: { name: 'f', description: 'd', parameters: schema, ...more },
})

const openAiParts = (part: Json): Json => ({ messages: [user([{ type: 'text', text: 'hi' }, part])] })

const openAiChat: Samples = {
  plain: { model: 'm', messages: [user('hi')] },
  fields: [
    named('system message', { messages: [{ role: 'system', content: 's' }, user('hi')] }),
    named(
      'system message in mid-conversation',
      { messages: [user('hi'), { role: 'system', content: 's' }, user('ho')] },
      { messages: [user('hi'), user('ho')] },
    ),
    named('image as data', openAiParts({ type: 'image_url', image_url: { url: `data:image/png;base64,${picture}` } })),
    named('image by address', openAiParts({ type: 'image_url', image_url: { url: 'https://example.org/a.png' } })),
    field('input_audio', openAiParts({ type: 'input_audio', input_audio: { data: sound, format: 'wav' } })),
    named(
      'file as data',
      openAiParts({ type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } }),
    ),
    named('file by id', openAiParts({ type: 'file', file: { file_id: 'file-1' } })),
    field('max_tokens', { max_tokens: 9 }),
    field('max_completion_tokens', { max_completion_tokens: 9 }),
    field('temperature', { temperature: 0.5 }),
    field('top_p', { top_p: 0.5 }),
    field('top_k', { top_k: 5 }),
    field('min_p', { min_p: 0.1 }),
    field('seed', { seed: 1 }),
    field('frequency_penalty', { frequency_penalty: 1 }),
    field('presence_penalty', { presence_penalty: 1 }),
    field('repeat_penalty', { repeat_penalty: 1.1 }),
    field('logit_bias', { logit_bias: { 5: 1 } }),
    field('n', { n: 2 }),
    field('stop', { stop: ['x'] }),
    field('logprobs', { logprobs: true, top_logprobs: 2 }),
    field('tools', { tools: [openAiTool()] }),
    field('tools[].strict', { tools: [openAiTool({ strict: true })] }, { tools: [openAiTool()] }),
    named('tools of type `custom`', { tools: [{ type: 'custom', custom: { name: 'f' } }] }),
    field('tool_choice: required', { tools: [openAiTool()], tool_choice: 'required' }, { tools: [openAiTool()] }),
    named(
      '`tool_choice` by name',
      { tools: [openAiTool()], tool_choice: { type: 'function', function: { name: 'f' } } },
      { tools: [openAiTool()] },
    ),
    field('parallel_tool_calls', { tools: [openAiTool()], parallel_tool_calls: false }, { tools: [openAiTool()] }),
    field('response_format: json_object', { response_format: { type: 'json_object' } }),
    field('response_format: json_schema', {
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema, strict: true } },
    }),
    field('reasoning_effort', { reasoning_effort: 'high' }),
    named(
      '`reasoning_content` in the history',
      { messages: [user('hi'), { role: 'assistant', content: 'a', reasoning_content: 'r' }, user('ho')] },
      { messages: [user('hi'), { role: 'assistant', content: 'a' }, user('ho')] },
    ),
    field('functions', { functions: [{ name: 'f' }] }),
    field('modalities: audio', { modalities: ['text', 'audio'] }),
    field('user', { user: 'u' }),
    field('prompt_cache_key', { prompt_cache_key: 'k' }),
    field('metadata', { metadata: { a: 'b' } }),
    field('store', { store: true }),
    field('service_tier', { service_tier: 'flex' }),
    field('verbosity', { verbosity: 'low' }),
  ],
}

const ollamaTool: Json = openAiTool()

const ollamaChat: Samples = {
  plain: { model: 'm', messages: [user('hi')] },
  fields: [
    named('system message', { messages: [{ role: 'system', content: 's' }, user('hi')] }),
    field('images', { messages: [{ ...user('hi'), images: [picture] }] }),
    field(
      'thinking',
      { messages: [user('hi'), { role: 'assistant', content: 'a', thinking: 't' }, user('ho')] },
      { messages: [user('hi'), { role: 'assistant', content: 'a' }, user('ho')] },
    ),
    field('tools', { tools: [ollamaTool] }),
    field('format: json', { format: 'json' }),
    named('`format` as a schema', { format: schema }),
    field('think', { think: true }),
    field('think: high', { think: 'high' }),
    field('logprobs', { logprobs: true }),
    field('options.num_predict', { options: { num_predict: 9 } }),
    field('options.temperature', { options: { temperature: 0.5 } }),
    field('options.top_k', { options: { top_k: 5 } }),
    field('options.top_p', { options: { top_p: 0.5 } }),
    field('options.min_p', { options: { min_p: 0.1 } }),
    field('options.seed', { options: { seed: 1 } }),
    field('options.stop', { options: { stop: ['x'] } }),
    field('options.repeat_penalty', { options: { repeat_penalty: 1.1 } }),
    field('options.frequency_penalty', { options: { frequency_penalty: 1 } }),
    field('options.presence_penalty', { options: { presence_penalty: 1 } }),
    field('options.typical_p', { options: { typical_p: 0.5 } }),
    field('options.num_ctx', { options: { num_ctx: 4096 } }),
    field('options.num_thread', { options: { num_thread: 4 } }),
    field('keep_alive', { keep_alive: '5m' }),
    field('truncate', { truncate: false }),
    field('shift', { shift: false }),
  ],
}

const anthropicTool = (more: Json = {}): Json => ({ name: 'f', description: 'd', input_schema: schema, ...more })
const anthropicParts = (part: Json): Json => ({ messages: [user([{ type: 'text', text: 'hi' }, part])] })
const image = (source: Json): Json => ({ type: 'image', source })

const thoughtful = (thinks: boolean): Json => ({
  messages: [
    user('hi'),
    {
      role: 'assistant',
      content: [...(thinks ? [{ type: 'thinking', thinking: 't', signature: 's' }] : []), { type: 'text', text: 'a' }],
    },
    user('ho'),
  ],
})
const failing = (fails: boolean): Json => ({
  tools: [anthropicTool()],
  messages: [
    user('hi'),
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }] },
    user([{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'no', ...(fails && { is_error: true }) }]),
  ],
})

const anthropicMessages: Samples = {
  plain: { model: 'm', max_tokens: 5_000, messages: [user('hi')] },
  fields: [
    field('system', { system: 's' }),
    field(
      'system[].cache_control',
      { system: [{ type: 'text', text: 's', cache_control: { type: 'ephemeral' } }] },
      { system: [{ type: 'text', text: 's' }] },
    ),
    named(
      'system message in mid-conversation',
      { messages: [user('hi'), { role: 'system', content: 's' }, user('ho')] },
      { messages: [user('hi'), user('ho')] },
    ),
    named('image as data', anthropicParts(image({ type: 'base64', media_type: 'image/png', data: picture }))),
    named('image by address', anthropicParts(image({ type: 'url', url: 'https://example.org/a.png' }))),
    named('image by id', anthropicParts(image({ type: 'file', file_id: 'file_1' }))),
    named(
      'document as data',
      anthropicParts({
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
      }),
    ),
    named(
      'document as text',
      anthropicParts({ type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'd' } }),
    ),
    named('assistant message at the end', { messages: [user('hi'), { role: 'assistant', content: 'It is' }] }),
    named('signed `thinking` in the history', thoughtful(true), thoughtful(false)),
    field('tool_result.is_error', failing(true), failing(false)),
    field('temperature', { temperature: 0.5 }),
    field('top_p', { top_p: 0.5 }),
    field('top_k', { top_k: 5 }),
    field('stop_sequences', { stop_sequences: ['x'] }),
    field('tools', { tools: [anthropicTool()] }),
    named('tools that run at Anthropic', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }),
    field('tool_choice: any', { tools: [anthropicTool()], tool_choice: { type: 'any' } }, { tools: [anthropicTool()] }),
    field(
      'tool_choice: tool',
      { tools: [anthropicTool()], tool_choice: { type: 'tool', name: 'f' } },
      { tools: [anthropicTool()] },
    ),
    field(
      'disable_parallel_tool_use',
      { tools: [anthropicTool()], tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
      { tools: [anthropicTool()] },
    ),
    field('thinking: enabled', { thinking: { type: 'enabled', budget_tokens: 2_000 } }),
    field('thinking: adaptive', { thinking: { type: 'adaptive' } }),
    field('output_config.effort', { output_config: { effort: 'high' }, thinking: { type: 'adaptive' } }),
    field('output_config.format', { output_config: { format: { type: 'json_schema', schema } } }),
    field('metadata.user_id', { metadata: { user_id: 'u' } }),
    field('service_tier', { service_tier: 'auto' }),
  ],
}

const item = (content: unknown): Json => ({ role: 'user', content })
const input = (part: Json): Json => ({ input: [item([{ type: 'input_text', text: 'hi' }, part])] })
const flatTool = (more: Json = {}): Json => ({ type: 'function', name: 'f', parameters: schema, ...more })

const openAiResponses: Samples = {
  plain: { model: 'm', input: [item('hi')] },
  fields: [
    field('instructions', { instructions: 's' }),
    named(
      'developer message in mid-conversation',
      { input: [item('hi'), { role: 'developer', content: 's' }, item('ho')] },
      { input: [item('hi'), item('ho')] },
    ),
    named('image as data', input({ type: 'input_image', image_url: `data:image/png;base64,${picture}` })),
    named('image by address', input({ type: 'input_image', image_url: 'https://example.org/a.png' })),
    named('image by id', input({ type: 'input_image', file_id: 'file-1' })),
    named(
      'file as data',
      input({ type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' }),
    ),
    field('max_output_tokens', { max_output_tokens: 9 }),
    field('temperature', { temperature: 0.5 }),
    field('top_p', { top_p: 0.5 }),
    field('top_logprobs', { top_logprobs: 2, include: ['message.output_text.logprobs'] }),
    field('tools', { tools: [flatTool()] }),
    named('tools of type `custom`', { tools: [{ type: 'custom', name: 'f', description: 'd' }] }),
    named('tools that run at OpenAI', { tools: [{ type: 'web_search' }] }),
    field('tool_choice: required', { tools: [flatTool()], tool_choice: 'required' }, { tools: [flatTool()] }),
    field('parallel_tool_calls', { tools: [flatTool()], parallel_tool_calls: false }, { tools: [flatTool()] }),
    field('text.format', { text: { format: { type: 'json_schema', name: 'n', schema } } }),
    field('text.verbosity', { text: { verbosity: 'low' } }),
    field('reasoning.effort', { reasoning: { effort: 'high' } }),
    field('include: reasoning.encrypted_content', { include: ['reasoning.encrypted_content'] }),
    field('truncation: auto', { truncation: 'auto' }),
    field('prompt_cache_key', { prompt_cache_key: 'k' }),
    field('metadata', { metadata: { a: 'b' } }),
    field('store', { store: false }),
  ],
}

/** By the dialect of the client. */
export const samples: ReadonlyMap<string, Samples> = new Map([
  ['openai-chat', openAiChat],
  ['openai-responses', openAiResponses],
  ['anthropic-messages', anthropicMessages],
  ['ollama-chat', ollamaChat],
])
