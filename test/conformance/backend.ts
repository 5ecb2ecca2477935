import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Backend, Call } from '../../src/core/backend.ts'
import { applyEdits, type Json } from '../../src/core/json.ts'
import { dialectById } from '../../src/dialects/index.ts'

/** What a probe was answered, and what it asked. */
export function answering(answers: Readonly<Record<string, { readonly status: number; readonly json: unknown }>>): {
  call: Call
  asked: string[]
} {
  const asked: string[] = []
  const call: Call = ({ method, path }) => {
    asked.push(`${method} ${path}`)
    return Promise.resolve(answers[path] ?? { status: 404, json: undefined })
  }
  return { call, asked }
}

/** What any kind of server must hold to. `healthy` is what a real one answers to a probe. */
export function backendSuite(backend: Backend, healthy: Parameters<typeof answering>[0]): void {
  const it = (sentence: string, run: () => void | Promise<void>): void => void test(`${backend.kind}: ${sentence}`, run)

  it('speaks dialects that exist, at paths', () => {
    const spoken = Object.entries(backend.speaks)
    assert.ok(spoken.length > 0)
    for (const [dialect, path] of spoken) {
      assert.ok(dialectById(dialect) !== undefined, dialect)
      assert.match(path, /^\/\S+[^/]$/)
    }
  })

  it('shows a key in a header', () => {
    const headers = backend.authorize('secret')
    assert.ok(headers.some(([, value]) => value.includes('secret')))
    for (const [name] of headers) assert.equal(name, name.toLowerCase())
  })

  it('is up when a real one answers, and says what it serves', async () => {
    const { call } = answering(healthy)
    const { models } = await backend.probe(call)
    assert.ok(models.length > 0)
    for (const model of models) {
      assert.notEqual(model.id, '')
      assert.ok(!model.aliases?.includes(model.id))
      assert.ok(model.contextTokens === undefined || model.contextTokens > 0)
    }
  })

  it('only ever reads when it is probed', async () => {
    const { call, asked } = answering(healthy)
    await backend.probe(call)
    assert.deepEqual(
      asked.filter((request) => !request.startsWith('GET ')),
      [],
    )
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

  it('edits a body without touching the one it was given, and finds nothing more in what it edited', () => {
    for (const dialect of Object.keys(backend.speaks)) {
      for (const body of bodies) {
        const edits = backend.edits?.(dialect, Object.freeze({ ...body }))
        if (edits === undefined) continue
        const edited = applyEdits(body, edits)
        assert.equal(backend.edits?.(dialect, edited), undefined, JSON.stringify(edited))
        for (const key of ['model', 'stream']) assert.equal(edited[key], body[key])
      }
    }
  })
}

const messages = Object.freeze([Object.freeze({ role: 'user', content: 'hi' })])

const bodies: readonly Json[] = [
  { model: 'm', messages },
  { model: 'm', messages, stream: true, max_completion_tokens: 5, top_k: 1 },
  {
    model: 'm',
    messages: [{ role: 'assistant', content: 'a', reasoning_content: 'b' }],
    max_tokens: 5,
    chat_template_kwargs: {},
  },
  {
    model: 'm',
    messages,
    stream: false,
    keep_alive: 0,
    options: Object.freeze({ num_ctx: 1, num_predict: 0, temperature: 1 }),
    truncate: true,
  },
]
