import assert from 'node:assert/strict'
import type { Inbound, Outbound } from '../core/world.ts'
import { bodyFor } from './bodies.ts'
import { earFor } from './ears.ts'
import type { Heard } from './ears/heard.ts'
import { SimServer } from './server.ts'
import { likes, type ModelSpec, type ServerKind, type ServerOptions } from './server-spec.ts'
import type { Errand, SimDialect, TalkingDialect } from './workload.ts'
import { SimWorld } from './world.ts'

export const question = 'Say 9 words.' as const
export const model = 'm:latest' as const

/** Somebody who wants nine words. */
export const errand = (dialect: SimDialect, more: Partial<Errand> = {}): Errand => ({
  number: 2,
  atMs: 0,
  caller: { name: 'anyone', weight: 1, priority: 'default', cloud: 'allowed', patienceMs: undefined },
  model,
  dialect,
  stream: true,
  wantsUsage: true,
  preamble: '',
  question,
  wants: 'words',
  words: 9,
  wordsMax: undefined,
  hangsUpAfterMs: undefined,
  leavesBy: 'abort',
  ...more,
})

export const paths: Readonly<Record<SimDialect, string>> = {
  'openai-chat': '/v1/chat/completions',
  'openai-completions': '/v1/completions',
  'openai-responses': '/v1/responses',
  'openai-embeddings': '/v1/embeddings',
  'anthropic-messages': '/v1/messages',
  'ollama-chat': '/api/chat',
  'ollama-generate': '/api/generate',
  'ollama-embed': '/api/embed',
  'ollama-embeddings': '/api/embeddings',
}

/** What each kind can be asked for words in. */
export const spoken: Readonly<Record<ServerKind, readonly TalkingDialect[]>> = {
  ollama: Object.keys(paths).filter((id) => !/embed/.test(id)) as TalkingDialect[],
  llamacpp: ['openai-chat', 'openai-completions', 'openai-responses', 'anthropic-messages'],
  vllm: ['openai-chat', 'openai-completions', 'openai-responses', 'anthropic-messages'],
  sglang: ['openai-chat', 'openai-completions', 'openai-responses', 'ollama-chat', 'ollama-generate'],
  lmstudio: ['openai-chat', 'openai-completions', 'openai-responses', 'anthropic-messages'],
  exo: ['openai-chat', 'openai-responses', 'anthropic-messages'],
  tgi: ['openai-chat', 'openai-completions'],
  openai: ['openai-chat', 'openai-responses'],
  anthropic: ['anthropic-messages'],
  generic: ['openai-chat', 'openai-completions', 'openai-responses'],
}

export const version: readonly [string, string] = ['anthropic-version', '2023-06-01']

/** A server of a kind in a world of its own, asked by hand. */
export class Box {
  readonly world = new SimWorld(1)
  readonly server: SimServer

  constructor(kind: ServerKind, options: ServerOptions & { model?: Partial<ModelSpec> } = {}) {
    const { model: more, ...rest } = options
    const models = [{ name: model, contextTokens: 8_192, ...more }]
    this.server = new SimServer(likes[kind]({ models, networkMs: 0, pingMs: 0, ...rest }), this.world)
    this.world.attach('http://box', this.server)
  }

  send(method: Outbound['method'], path: string, more: Partial<Outbound> & { json?: object } = {}): Promise<Inbound> {
    const { json, ...rest } = more
    const body = json && Buffer.from(JSON.stringify(json))
    return this.server.send({ method, origin: '', path, headers: [version], body, signal: undefined, ...rest })
  }

  async read(method: Outbound['method'], path: string, json?: object): Promise<{ status: number; text: string }> {
    const inbound = await this.send(method, path, { ...(json && { json }) })
    let text = ''
    for await (const bytes of inbound.body) text += Buffer.from(bytes).toString()
    return { status: inbound.status, text }
  }

  async get(path: string): Promise<any> {
    return JSON.parse((await this.read('GET', path)).text)
  }

  async hear(one: Errand): Promise<Heard> {
    const ear = earFor(one.dialect, one.stream)
    const json = meant(bodyFor(one), this.server.spec.kind)
    const { status, body } = await this.send('POST', paths[one.dialect], { json })
    const chunks: Buffer[] = []
    for await (const bytes of body) chunks.push(Buffer.from(bytes))
    assert.equal(status, 200, Buffer.concat(chunks).toString())
    if (one.stream) for (const chunk of chunks) ear.hear(chunk)
    else ear.hear(Buffer.concat(chunks))
    return ear.heard
  }
}

/** OpenAI itself does not take the older name, and no empty instructions make a difference. */
function meant(body: Record<string, unknown>, kind: ServerKind): object {
  const { max_tokens: limit, ...rest } = body
  return kind === 'openai' && limit !== undefined ? { ...rest, max_completion_tokens: limit } : body
}
