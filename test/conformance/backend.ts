import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Backend, Call } from '../../src/core/backend.ts'
import { applyEdits, type Json } from '../../src/core/json.ts'
import { dialectById } from '../../src/dialects/index.ts'
import { fixture } from './fixtures.ts'

export interface Reply {
  readonly status: number
  readonly json?: unknown
  readonly text?: string
}

/** What a server answers: by `METHOD /path` or by path alone, of which the query is left out unless it is given. */
export type Script = Readonly<Record<string, Reply | ((body: Json | undefined) => Reply)>>

export type Asked = Parameters<Call>[0]

/** A server that says what it is told to, and 404 to all else. */
export function answering(script: Script): { call: Call; asked: string[]; requests: Asked[] } {
  const asked: string[] = []
  const requests: Asked[] = []
  const call: Call = (request) => {
    const { method, path, body } = request
    asked.push(`${method} ${path}`)
    requests.push(request)
    const bare = path.split('?', 1)[0]!
    const known = [`${method} ${path}`, path, `${method} ${bare}`, bare].find((name) => Object.hasOwn(script, name))
    const scripted = known === undefined ? { status: 404 } : script[known]!
    const { status, json, text } = typeof scripted === 'function' ? scripted(body) : scripted
    return Promise.resolve({ status, json, text: text ?? (json === undefined ? '' : JSON.stringify(json)) })
  }
  return { call, asked, requests }
}

/** What a server put on the wire, or would have. */
export function recorded(name: string): Reply {
  const { status, body } = fixture(name)
  const text = body.toString()
  return { status, json: jsonIn(text), text }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Answers one after the other, the last one from then on. */
export function inTurn(...replies: readonly Reply[]): () => Reply {
  let at = -1
  return () => {
    at = Math.min(at + 1, replies.length - 1)
    return replies[at]!
  }
}

/** All other models are busy. */
export const inUse = { isIdle: (): boolean => false, left: (): void => {}, overdueMs: Infinity }

export const settingOf = (model = 'm', contextTokens?: number): Parameters<NonNullable<Backend['edits']>>[2] => ({
  model,
  contextTokens,
})

/** A body as the server would see it. */
export function edited(
  backend: Backend,
  dialect: string,
  body: Json,
  setting: ReturnType<typeof settingOf> = settingOf(),
): Json {
  return applyEdits(body, backend.edits?.(dialect, body, setting) ?? {})
}

export interface BackendWorld {
  /** What a real one answers to a probe. */
  readonly healthy: Script
  /** For kinds that can: a server on which a model can be loaded and unloaded, and tokens can be counted. */
  readonly able?: Script
  /** That model; without it, the first of those that a healthy one lists. */
  readonly model?: string
}

/** What any kind of server must hold to. */
export function backendSuite(backend: Backend, { healthy, able = healthy, model: loadable }: BackendWorld): void {
  const it = (sentence: string, run: () => void | Promise<void>): void => void test(`${backend.kind}: ${sentence}`, run)
  const dialects = Object.keys(backend.speaks)

  it('speaks dialects that exist, at paths, and the one for conversations first', () => {
    assert.ok(dialects.length > 0)
    for (const [id, path] of Object.entries(backend.speaks)) {
      assert.ok(dialectById(id) !== undefined, id)
      assert.match(path, /^\/\S+[^/]$/)
    }
    assert.equal(dialectById(dialects[0]!)?.tasks[0], 'chat')
  })

  it('goes on with answers only in dialects that it speaks and that have words for it', () => {
    for (const id of backend.resumes ?? []) {
      const dialect = dialectById(id)
      assert.ok(dialects.includes(id) && dialect?.form === 'talk', id)
      assert.ok(dialect.carryOn?.edits !== undefined, id)
    }
  })

  it('shows a key in a header', () => {
    const headers = backend.authorize('secret')
    assert.ok(headers.some(([, value]) => value.includes('secret')))
    for (const [name] of [...headers, ...(backend.headers ?? [])]) assert.equal(name, name.toLowerCase())
  })

  it('is up when a real one answers, and says what it serves', async () => {
    const { call } = answering(healthy)
    const { models, gauge, advice } = await backend.probe(call)
    assert.ok(models.length > 0)
    assert.equal(new Set(models.map(({ id }) => id)).size, models.length)
    for (const model of models) {
      assert.notEqual(model.id, '')
      assert.ok(!model.aliases?.includes(model.id))
      assert.ok(model.contextTokens === undefined || model.contextTokens > 0)
      assert.ok(model.slots === undefined || model.slots > 0)
      assert.ok(model.can === undefined || model.can.size > 0)
    }
    if (gauge !== undefined) assert.ok(gauge.running >= 0 && gauge.waiting >= 0 && (gauge.memory ?? 0) <= 1)
    for (const sentence of advice ?? []) assert.match(sentence, /^[A-Z].*\.$/)
  })

  it('only reads when it is probed, and never in a way that could load a model', async () => {
    const { call, asked } = answering(healthy)
    await backend.probe(call)
    await new Promise((resolve) => setImmediate(resolve))
    for (const request of asked) {
      assert.ok(request.startsWith('GET ') || harmless.has(request), request)
      if (request.includes('model=')) assert.match(request, /autoload=false/)
    }
  })

  it('is not up when the answer is an error, a page, nothing or something else', async () => {
    for (const answer of [404, 401, 403, 500, 503]
      .map((status) => ({ status, json: { error: 'x' } }))
      .concat([undefined, 'page', [], null].map((json) => ({ status: 200, json: json as never })))) {
      const everywhere = Object.fromEntries(Object.keys(healthy).map((path) => [path, answer]))
      await assert.rejects(backend.probe(answering(everywhere).call), { name: 'Fault' }, JSON.stringify(answer))
    }
    await assert.rejects(
      backend.probe(() => Promise.reject(new Error('refused'))),
      /refused/,
    )
  })

  it('is not confused by lists with nonsense in them', async () => {
    const garbled = Object.fromEntries(
      Object.entries(healthy).map(([path, reply]) => [path, typeof reply === 'function' ? reply : withNonsense(reply)]),
    )
    const { models } = await backend.probe(answering(garbled).call)
    for (const { id } of models) assert.ok(typeof id === 'string' && id !== '')
  })

  it('edits a body without touching the one it was given, and finds nothing more in what it edited', () => {
    for (const dialect of dialects) {
      for (const body of bodies) {
        for (const setting of [settingOf(), settingOf('m', 4_096)]) {
          const edits = backend.edits?.(dialect, Object.freeze({ ...body }), setting)
          if (edits === undefined) continue
          const after = applyEdits(body, edits)
          assert.equal(backend.edits?.(dialect, after, setting), undefined, JSON.stringify([dialect, body, after]))
          assert.equal(after['model'], body['model'])
          if ('stream' in plain[dialect]!) assert.equal(after['stream'], body['stream'])
        }
      }
    }
  })

  it('lets what everybody knows through as it is', () => {
    for (const dialect of dialects) {
      const body = plain[dialect]!
      assert.deepEqual(edited(backend, dialect, body), body, dialect)
    }
  })

  if (backend.tier === 0) {
    it('is told nothing that is not for a caller to say', () => {
      for (const dialect of dialects) {
        const after = edited(backend, dialect, { ...plain[dialect]!, ...forbidden })
        for (const key of Object.keys(forbidden)) assert.ok(!Object.hasOwn(after, key), `${dialect} ${key}`)
      }
    })

    it('is not sent to fetch anything', () => {
      for (const dialect of dialects.filter((id) => id === 'openai-chat')) {
        for (const part of addresses) {
          const body = { model: 'm', messages: [{ role: 'user', content: [{ type: 'text', text: 'see' }, part] }] }
          assert.throws(
            () => backend.edits?.(dialect, body, settingOf()),
            { kind: 'bad-request', message: /^messages\[0\]\.content\[1\]\.\w+_url / },
            JSON.stringify(part),
          )
        }
        const inline = { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } }
        const body = { model: 'm', messages: [{ role: 'user', content: [inline] }] }
        assert.deepEqual(edited(backend, dialect, body), body)
      }
    })
  }

  if (backend.load !== undefined && backend.unload !== undefined) {
    it('loads a model, and may take its time over it, and unloads it', async () => {
      const { call, requests } = answering(able)
      const { models } = await backend.probe(answering(healthy).call)
      const id = loadable ?? models[0]!.id
      await backend.load!(call, settingOf(id, 4_096), inUse)
      assert.ok(requests.some(({ timeoutMs, afterMs }) => (timeoutMs ?? 0) >= 60_000 || afterMs !== undefined))
      await backend.unload!(call, id)
    })

    it('says so when it cannot', async () => {
      const { call } = answering({})
      await assert.rejects(backend.load!(call, settingOf('nobody'), inUse), { name: 'Fault' })
      await assert.rejects(backend.unload!(call, 'nobody'), { name: 'Fault' })
    })
  }

  if (backend.countTokens !== undefined) {
    it('counts what its first dialect says', async () => {
      assert.ok((await backend.countTokens!(answering(able).call, plain[dialects[0]!]!)) > 0)
      await assert.rejects(backend.countTokens!(answering({}).call, plain[dialects[0]!]!), { name: 'Fault' })
    })
  }
}

/** These tell what there is and start nothing, although they are asked with a body. */
const harmless: ReadonlySet<string> = new Set(['POST /api/show', 'POST /v1/embeddings?autoload=false'])

function withNonsense(reply: Reply): Reply {
  if (typeof reply.json !== 'object' || reply.json === null || Array.isArray(reply.json)) return reply
  const entries = Object.entries(reply.json).map(([key, value]): [string, unknown] => [
    key,
    Array.isArray(value) ? [null, 7, 'x', {}, [], ...(value as unknown[])] : value,
  ])
  return { status: reply.status, json: Object.fromEntries(entries) }
}

const messages = Object.freeze([Object.freeze({ role: 'user', content: 'hi' })])

/** For each dialect a request that no server could mind. */
const plain: Readonly<Record<string, Json>> = {
  'openai-chat': { model: 'm', messages, stream: true, temperature: 0.5, top_p: 1, seed: 1, stop: ['x'], n: 1 },
  'openai-completions': { model: 'm', prompt: 'a', max_tokens: 5, stream: true, temperature: 0, logprobs: 2 },
  'openai-embeddings': { model: 'm', input: ['a', 'b'], encoding_format: 'float' },
  'openai-responses': { model: 'm', input: 'hi', instructions: 'be kind', max_output_tokens: 5, stream: true },
  'anthropic-messages': { model: 'm', max_tokens: 5, messages, system: 'be kind', stream: true, temperature: 1 },
  'ollama-chat': { model: 'm', messages, stream: true, truncate: false, options: { temperature: 0, num_predict: 5 } },
  'ollama-generate': { model: 'm', prompt: 'a', stream: true, truncate: false, options: { stop: ['x'] } },
  'ollama-embed': { model: 'm', input: ['a'], truncate: false },
  'ollama-embeddings': { model: 'm', prompt: 'a' },
}

/** What would change how others are served, or what runs on the server. */
const forbidden: Json = {
  keep_alive: 0,
  ttl: 1,
  id_slot: 0,
  cache_prompt: false,
  slot_id: 1,
  n_keep: 1,
  n_discard: 1,
  n_predict: -1,
  lora: [],
  priority: -9,
  cache_salt: 'x',
  request_id: 'x',
  rid: 'x',
  session_id: 'x',
  conversation_id: 'x',
  chat_template: '{{ x }}',
  chat_template_kwargs: {},
  template: '{{ .Prompt }}',
  kv_transfer_params: {},
  vllm_xargs: {},
  truncate_prompt_tokens: 1,
  prompt_embeds: 'x',
  ignore_eos: true,
  prompt_logprobs: 5,
  logits_processors: [],
  shift: false,
  Keep_Alive: 0,
  unheard_of: 1,
}

const addresses: readonly Json[] = [
  { type: 'image_url', image_url: { url: 'http://169.254.169.254/latest/meta-data' } },
  { type: 'image_url', image_url: { url: 'HTTPS://example.com/a.png' } },
  { type: 'image_url', image_url: 'file:///etc/passwd' },
  { image_url: '/etc/secret.png' },
  { type: 'video_url', video_url: { url: 'http://10.0.0.1/a.mp4' } },
  { type: 'audio_url', audio_url: { url: 'ftp://10.0.0.1/a.wav' } },
]

const bodies: readonly Json[] = [
  { model: 'm', messages },
  { model: 'm', messages, stream: true, max_completion_tokens: 5, top_k: 1 },
  { model: 'm', messages, max_completion_tokens: 5, max_tokens: 9 },
  { model: 'm', messages, max_tokens: 0 },
  { model: 'm', messages, max_tokens: -1, max_output_tokens: 0, max_completion_tokens: null },
  {
    model: 'm',
    messages: [{ role: 'assistant', content: 'a', reasoning_content: 'b' }],
    max_tokens: 5,
    chat_template_kwargs: {},
  },
  {
    model: 'm',
    messages,
    tools: [
      { type: 'function', function: { name: 'f' } },
      { type: 'function', function: { name: 'g' } },
    ],
    tool_choice: { type: 'function', function: { name: 'g' } },
  },
  {
    model: 'm',
    messages,
    stream: false,
    keep_alive: 0,
    options: Object.freeze({ num_ctx: 1, num_predict: 0, temperature: 1 }),
    truncate: true,
  },
  { model: 'm', messages, options: null, ...forbidden },
  { model: 'm', prompt: 'a', options: { num_ctx: 4_096 } },
  JSON.parse('{"model":"m","__proto__":{"a":1},"constructor":1,"toString":2}') as Json,
]
