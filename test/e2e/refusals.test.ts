import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { APICallError } from 'ai'
import OpenAI from 'openai'
import type { ConfigInput } from '../../src/config/schema.ts'
import { endless, model, stage, stops, until } from './rig.ts'
import { everySpeaker, type Speaker, speakers, type Wishes } from './speakers.ts'
import { kinds } from './witness.ts'

/** What all three clients say of an error, each in its own class. */
interface Told {
  readonly status: number
  readonly message: string
  /** Only OpenAI's form has one. */
  readonly code: string | undefined
  /** ollama-js does not show any. */
  readonly header: ((name: string) => string | null | undefined) | undefined
}

function toldBy(error: unknown): Told {
  if (error instanceof OpenAI.APIError) {
    const { status, message, code, headers } = error as InstanceType<typeof OpenAI.APIError>
    return { status: status ?? 0, message, code: code ?? undefined, header: (name) => headers?.get(name) }
  }
  if (APICallError.isInstance(error)) {
    const { statusCode = 0, message, data, responseHeaders } = error
    const { code } = (data as { error: { code?: string } }).error
    return { status: statusCode, message, code, header: (name) => responseHeaders?.[name] }
  }
  const { name, status_code: status, message } = error as Error & { status_code: number }
  assert.equal(name, 'ResponseError', String(error))
  return { status, message, code: undefined, header: undefined }
}

/** The same refusal comes whether or not the answer was to be a stream. */
async function refusedTo(speaker: Speaker, url: string, wishes: Wishes, question = 'Say 3 words.'): Promise<Told> {
  const [whole, streamed] = await Promise.all(
    [speaker.chat, speaker.stream].map((ask) =>
      ask(url, question, wishes).then(
        (text) => assert.fail(`It was answered: ${text}`),
        (error: unknown) => ({ told: toldBy(error), error: error as Error }),
      ),
    ),
  )
  assert.equal(streamed!.told.status, whole!.told.status)
  assert.equal(streamed!.error.constructor, whole!.error.constructor)
  const expected = classes[whole!.told.status]
  if (speaker === speakers.openai && expected !== undefined) assert.equal(whole!.error.constructor, expected)
  return whole!.told
}

const classes: Readonly<Record<number, unknown>> = {
  400: OpenAI.BadRequestError,
  401: OpenAI.AuthenticationError,
  403: OpenAI.PermissionDeniedError,
  404: OpenAI.NotFoundError,
  429: OpenAI.RateLimitError,
  502: OpenAI.InternalServerError,
  503: OpenAI.InternalServerError,
}

const callers: ConfigInput['callers'] = [
  { name: 'known', key: 'sesame' },
  { name: 'limited', key: 'poppy', models: ['another-model'] },
]

suite('What goes wrong is raised in the own class of each client:', { concurrency: 4 }, () => {
  for (const kind of kinds) {
    for (const speaker of everySpeaker) {
      const { name } = speaker
      const hasCode = speaker !== speakers.ollama

      test(`${name} before ${kind} asking for a model that nobody has`, async (t) => {
        const { url, server } = await stage(t, kind)
        const { status, code, message } = await refusedTo(speaker, url, { model: 'nobody:7b' })
        assert.deepEqual([status, code], [404, hasCode ? 'model_not_found' : undefined])
        assert.match(message, /nobody:7b/)
        assert.equal(server.heard.length, 0)
      })

      test(`${name} before ${kind} with a body that makes no sense`, async (t) => {
        const { url, server } = await stage(t, kind)
        for (const extra of [{ messages: 'none' }, { model: 7 }, { messages: [{ role: 'user', content: 7 }] }]) {
          const { status } = await refusedTo(speaker, url, { extra })
          assert.equal(status, 400, JSON.stringify(extra))
        }
        assert.equal(server.ledger.whole, 0)
      })

      test(`${name} before ${kind} with a prompt that does not fit`, async (t) => {
        const { url, server } = await stage(t, kind, { server: { models: [{ name: model, contextTokens: 128 }] } })
        const { status, code } = await refusedTo(speaker, url, {}, 'word '.repeat(400))
        assert.deepEqual([status, code], [400, hasCode ? 'context_length_exceeded' : undefined])
        assert.equal(server.ledger.whole, 0)
      })

      test(`${name} before ${kind} with no key, the wrong one, and one for other models`, async (t) => {
        const { url, server } = await stage(t, kind, { config: { callers } })
        const missing = speaker === speakers.openai ? { key: ' ' } : {}
        for (const wishes of [missing, { key: 'guess' }]) {
          const { status, code } = await refusedTo(speaker, url, wishes)
          assert.deepEqual([status, code], [401, hasCode ? 'invalid_api_key' : undefined])
        }
        const { status, code } = await refusedTo(speaker, url, { key: 'poppy' })
        assert.deepEqual([status, code], [403, hasCode ? 'permission_denied' : undefined])
        assert.equal(server.heard.length, 0)
        assert.notEqual(await speaker.chat(url, 'Say 3 words.', { key: 'sesame' }), '')
      })

      for (const max of [0, 1]) {
        test(`${name} before ${kind}, busy, with ${max} in the queue and no room for more`, async (t) => {
          const options = { upstream: { concurrency: 1 }, config: { queue: { max } }, server: { engine: { slots: 1 } } }
          const { url, server, gateway } = await stage(t, kind, options)
          const leaving = new AbortController()
          const inside = Array.from({ length: max + 1 }, () =>
            assert.rejects(speaker.stream(url, endless, { signal: leaving.signal })),
          )
          await until(() => server.ledger.open === 1 && gateway.waiting === max, 2_000, 'one runs and the others wait')
          const { status, code, header } = await refusedTo(speaker, url, {})
          assert.deepEqual([status, code], [429, hasCode ? 'queue_full' : undefined])
          if (header !== undefined) {
            assert.ok(Number(header('retry-after')) >= 1)
            assert.ok(Number(header('retry-after-ms')) >= 1)
          }
          leaving.abort()
          await Promise.all(inside)
          await stops(server)
          assert.equal(server.heard.length, 1)
        })
      }

      test(`${name} before ${kind} that is not there any more`, async (t) => {
        const { url, server } = await stage(t, kind)
        server.crash()
        const { status, message } = await refusedTo(speaker, url, {})
        assert.ok(status === 502 || status === 503, `it was ${status}`)
        assert.match(message, /\w+ \w+/)
      })
    }
  }
})
