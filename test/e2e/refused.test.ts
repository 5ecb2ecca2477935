/** What the official clients make of a refusal that says when to come back: their own error, with those numbers in it. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { Fault, type FaultKind } from '../../src/core/fault.ts'
import { FakeWorld } from '../../src/fleet/fake-world.test-helper.ts'
import { openDoor, until } from '../http/fake-gateway.ts'

const model = 'm'
const messages = [{ role: 'user' as const, content: 'hi' }]
const told = { retry_after_ms: 1_501, eta_ms: 12_346 }
const details = { retryAfterMs: 1_500.2, etaMs: 12_345.6 }

interface Client {
  readonly name: string
  readonly ask: (url: string, stream: boolean) => Promise<unknown>
  /** Its classes for 429 and 503. */
  readonly raises: readonly [limited: string, unavailable: string]
  /** Its class, its status, and the error of the body as it shows it. */
  readonly read: (error: unknown) => readonly [name: string, status: number | undefined, body: unknown]
}

const read: Client['read'] = (error) => {
  const { constructor, status, error: body } = error as Error & { status?: number; error?: unknown }
  return [constructor.name, status, body]
}

async function drained(stream: unknown): Promise<void> {
  for await (const _ of stream as AsyncIterable<unknown>);
}

const openai = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })
const anthropic = (url: string): Anthropic => new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0 })

const clients: readonly Client[] = [
  {
    name: "openai-js's chat completions",
    ask: async (url, stream) => {
      const answer = await openai(url).chat.completions.create({ model, messages, stream })
      if (stream) await drained(answer)
    },
    raises: ['RateLimitError', 'InternalServerError'],
    read,
  },
  {
    name: "openai-js's responses",
    ask: async (url, stream) => {
      const answer = await openai(url).responses.create({ model, input: 'hi', stream })
      if (stream) await drained(answer)
    },
    raises: ['RateLimitError', 'InternalServerError'],
    read,
  },
  {
    name: "Anthropic's messages",
    ask: async (url, stream) => {
      const answer = await anthropic(url).messages.create({ model, messages, max_tokens: 9, stream })
      if (stream) await drained(answer)
    },
    raises: ['RateLimitError', 'ServiceUnavailableError'],
    read: (error) => {
      const [name, status, body] = read(error)
      return [name, status, (body as { error: unknown }).error]
    },
  },
]

const refusing = (t: TestContext, kind: FaultKind): ReturnType<typeof openDoor> =>
  openDoor(t, { serve: () => Promise.reject(new Fault(kind, 'Not now.', details)) })

suite('A refusal that says when to come back', { concurrency: 8 }, () => {
  for (const { name, ask, raises, read: readBy } of clients) {
    for (const [kind, raised, status] of [
      ['queue-full', raises[0], 429],
      ['no-upstream', raises[1], 503],
    ] as const) {
      test(`is of class ${raised} to ${name}, and its numbers are there to read`, async (t) => {
        const { url } = await refusing(t, kind)
        for (const stream of [false, true]) {
          const error: unknown = await ask(url, stream).catch((thrown: unknown) => thrown)
          const [heard, heardStatus, body] = readBy(error)
          assert.deepEqual([heard, heardStatus], [raised, status])
          const { headers } = error as { headers: Headers }
          assert.deepEqual([headers.get('retry-after'), headers.get('retry-after-ms')], ['2', '1501'])
          assert.deepEqual({ ...(body as object), ...told }, body)
        }
      })
    }

    test(`is an APIError to ${name} within a stream that has begun, with the same numbers`, async (t) => {
      const world = new FakeWorld()
      const reply = Promise.withResolvers<never>()
      const { url, asks } = await openDoor(t, { world, heartbeatMs: 1_000, serve: () => reply.promise })
      const failed = ask(url, true).catch((thrown: unknown) => thrown)
      await until(() => asks.length === 1, 'the ask came')
      await world.advance(2_000)
      reply.reject(new Fault('queue-full', 'Not now.', details))
      const [heard, status, body] = readBy(await failed)
      assert.match(heard, /^APIError$/)
      assert.equal(status, undefined)
      assert.deepEqual({ ...(body as object), ...told }, body)
    })
  }

  test('is a ResponseError to ollama-js, which reads the sentence', async (t) => {
    const { url } = await refusing(t, 'queue-full')
    for (const stream of [false, true]) {
      const asked = new Ollama({ host: url }).chat({ model, messages, stream: stream as true })
      await assert.rejects(asked, { name: 'ResponseError', status_code: 429, message: 'Not now.' })
    }
    const raw = await fetch(`${url}/api/chat`, { method: 'POST', body: JSON.stringify({ model, messages }) })
    assert.deepEqual(await raw.json(), { error: 'Not now.', code: 'queue_full', ...told })
  })
})
