import type { Errand, SimDialect } from './workload.ts'

type Json = Record<string, unknown>

export const tool: { readonly name: string; readonly parameters: object } = {
  name: 'look_up',
  parameters: {
    type: 'object',
    required: ['what'],
    properties: {
      what: { type: 'string' },
      how_many: { type: 'integer' },
      where: { enum: ['häuslich', 'else'] },
      exact: { type: 'boolean' },
    },
  },
}

export const form: object = {
  type: 'object',
  required: ['names'],
  properties: { names: { type: 'array', items: { type: 'string' } }, sure: { type: 'boolean' } },
}

const described = { ...tool, description: 'Looks something up.' }

/** What is asked in each dialect, as its clients write it. */
export const bodyFor = (errand: Errand): Json => ({ model: errand.model, ...bodies[errand.dialect](errand) })

/** It written out. What stands before a question is long: where it can be written as it is, nobody looks at each of its signs. */
export function rawOf(errand: Errand, body: Json = bodyFor(errand)): Uint8Array {
  const raw = Buffer.from(textOf(errand, body))
  written.set(raw, body)
  return raw
}

/** What these bytes say, if they are the very ones that somebody wrote here: nobody has to read them again. */
export const saidBy = (raw: Uint8Array): Json | undefined => written.get(raw)

const written = new WeakMap<Uint8Array, Json>()

function textOf(errand: Errand, body: Json): string {
  const { preamble, wants } = errand
  if (wants === 'vectors' || marks.some((mark) => preamble.includes(mark))) return JSON.stringify(body)
  const [before = '', after = ''] = JSON.stringify(bodyFor({ ...errand, preamble: gap })).split(gap)
  return before + preamble + after
}

/** Of what a prompt may hold here, that which looks otherwise in JSON. */
const marks = ['"', '\\', '\n'] as const
const gap = '<what was said before>'

/** The texts of which vectors are wanted; the oldest way of asking takes only one. */
export function textsOf({ dialect, question, preamble, number, texts }: Errand): readonly string[] {
  if (texts !== undefined) return texts
  const all = [question, preamble.slice(0, 200), `${question} Once more.`]
  return dialect === 'ollama-embeddings' ? all.slice(0, 1) : all.slice(0, 1 + (number % all.length))
}

/** What a plain text says: all of it is the question. */
export const plainText = ({ preamble, question }: Errand): string => `${preamble}\n${question}\n`

const messages = ({ preamble, question }: Errand): readonly object[] => [
  { role: 'system', content: preamble },
  { role: 'user', content: question },
]

const bodies: Readonly<Record<SimDialect, (errand: Errand) => Json>> = {
  'openai-chat': (errand) => ({
    messages: messages(errand),
    ...(errand.wants === 'tool' ? { tools: [{ type: 'function', function: described }] } : {}),
    ...streamed(errand),
    ...(errand.wants === 'json'
      ? { response_format: { type: 'json_schema', json_schema: { name: 'names', schema: form } } }
      : {}),
    ...limited(errand, 'max_tokens'),
  }),
  'openai-completions': (errand) => ({
    prompt: plainText(errand),
    ...streamed(errand),
    // Here there is a low limit where none is given.
    max_tokens: errand.wordsMax ?? errand.words + 1,
  }),
  'openai-responses': (errand) => ({
    instructions: errand.preamble,
    input: errand.question,
    store: false,
    ...(errand.wants === 'tool' ? { tools: [{ type: 'function', ...described }] } : {}),
    ...(errand.wants === 'json' ? { text: { format: { type: 'json_schema', name: 'names', schema: form } } } : {}),
    ...(errand.stream ? { stream: true } : {}),
    ...limited(errand, 'max_output_tokens'),
  }),
  'anthropic-messages': (errand) => ({
    system: errand.preamble,
    messages: [{ role: 'user', content: errand.question }],
    max_tokens: errand.wordsMax ?? 4_096,
    ...(errand.wants === 'tool'
      ? { tools: [{ name: tool.name, description: described.description, input_schema: tool.parameters }] }
      : {}),
    ...(errand.wants === 'json' ? { output_config: { format: { type: 'json_schema', schema: form } } } : {}),
    ...(errand.stream ? { stream: true } : {}),
  }),
  'ollama-chat': (errand) => ({
    messages: messages(errand),
    ...(errand.wants === 'tool' ? { tools: [{ type: 'function', function: described }] } : {}),
    ...inOllama(errand),
  }),
  'ollama-generate': (errand) => ({ system: errand.preamble, prompt: errand.question, ...inOllama(errand) }),
  'openai-embeddings': (errand) => ({
    input: textsOf(errand),
    ...(errand.number % 2 === 0 ? { encoding_format: 'base64' } : {}),
  }),
  'ollama-embed': (errand) => ({ input: textsOf(errand) }),
  'ollama-embeddings': (errand) => ({ prompt: textsOf(errand)[0] }),
}

const streamed = ({ stream, wantsUsage }: Errand): Json => ({
  ...(stream ? { stream: true } : {}),
  ...(stream && wantsUsage ? { stream_options: { include_usage: true } } : {}),
})

const limited = ({ wordsMax }: Errand, name: string): Json => (wordsMax === undefined ? {} : { [name]: wordsMax })

const inOllama = ({ stream, wants, wordsMax }: Errand): Json => ({
  ...(stream ? {} : { stream: false }),
  ...(wants === 'json' ? { format: form } : {}),
  ...(wordsMax === undefined ? {} : { options: { num_predict: wordsMax } }),
})
