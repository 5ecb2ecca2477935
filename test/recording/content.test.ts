/** Whatever a request, its caller or a server says: none of it is in a recording. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { recorderOf } from '../../src/sdk/recording.ts'
import { resolve } from '../../src/config/settings.ts'
import type { Json } from '../../src/core/json.ts'
import type { Inbound } from '../../src/core/world.ts'
import { dialects } from '../../src/dialects/index.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'
import { FakeWorld } from '../../src/fleet/fake-world.test-helper.ts'
import { lineOf, readLine } from '../../src/recording/line.ts'

/** Words that nothing of ours begins with. */
const words = fc.string({ unit: 'grapheme', minLength: 3, maxLength: 40 }).map((text) => `<${text}`)

interface Secrets {
  readonly said: readonly string[]
  readonly model: string
  readonly id: string
  readonly header: string
  readonly address: string
  readonly told: string
}

const secrets = fc.record<Secrets>({
  said: fc.array(words, { minLength: 6, maxLength: 6 }),
  model: words,
  id: words,
  header: words,
  address: words,
  told: words,
})

/** In every dialect, with words wherever one may write some, and where only numbers belong. */
const bodies: readonly (readonly [dialect: string, body: (model: string, said: readonly string[]) => Json])[] = [
  [
    'openai-chat',
    (model, [a, b, c, d, e, f]) => ({
      model,
      stream: true,
      user: b,
      max_tokens: c,
      metadata: { [d!]: e },
      tools: [{ type: 'function', function: { name: f } }],
      messages: [{ role: 'user', content: a!.repeat(600) }],
    }),
  ],
  [
    'openai-chat',
    (model, [a, b, c]) => ({
      model,
      max_completion_tokens: 7,
      n: c,
      messages: [{ role: a, name: b, content: [{ type: 'image_url', image_url: { url: c } }] }],
    }),
  ],
  ['openai-completions', (model, [a, b, c]) => ({ model, prompt: a, suffix: b, stop: [c] })],
  [
    'openai-responses',
    (model, [a, b, c, d]) => ({ model, input: a, instructions: b, previous_response_id: c, prompt_cache_key: d }),
  ],
  ['openai-embeddings', (model, [a, b]) => ({ model, input: [a, b] })],
  [
    'anthropic-messages',
    (model, [a, b, c, d]) => ({
      model,
      max_tokens: 9,
      system: b,
      metadata: { user_id: c },
      messages: [{ role: 'user', content: a }],
      tools: [{ name: d, input_schema: {} }],
    }),
  ],
  [
    'ollama-chat',
    (model, [a, b, c]) => ({ model, keep_alive: b, options: { num_ctx: c }, messages: [{ role: 'user', content: a }] }),
  ],
  ['ollama-generate', (model, [a, b, c]) => ({ model, prompt: a, system: b, format: c })],
]

const served = 'llama'

/** How a server answers: well, with an error of its own words, with nonsense, or by breaking off. */
const manners = ['well', 'refuses', 'breaks', 'babbles'] as const

function answerOf(manner: (typeof manners)[number], { told }: Secrets): Inbound {
  const bytes = (value: unknown): Uint8Array => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  const one = (status: number, value: unknown): Inbound => ({
    status,
    headers: { 'content-type': 'application/json', 'x-request-id': told },
    body: (async function* () {
      yield await Promise.resolve(bytes(value))
      if (manner === 'breaks') throw new Error(told)
    })(),
  })
  if (manner === 'refuses') return one(400, { error: { message: told, type: told, code: told, param: told } })
  if (manner === 'babbles') return one(200, told)
  const message = { role: 'assistant', content: told }
  return one(200, {
    id: told,
    model: told,
    choices: [{ index: 0, message, finish_reason: told }],
    usage: { prompt_tokens: 3, completion_tokens: 2 },
  })
}

function gatewayFor(world: FakeWorld): Gateway {
  const server = { name: 'box', kind: 'openai-compatible', url: 'http://secret-host:1', api_key: '<key-of-server' }
  const settings = resolve({
    upstreams: [{ ...server, models: { serve: { [served]: 'theirs', 'vendor-*': 'theirs' } } }],
    callers: [
      { name: 'chat-ui', key: '<key-of-caller', priority: 'interactive', weight: 2, budget: { usd: 1, per: 'day' } },
    ],
    attempts: 2,
  })
  return createGateway(settings, { world })
}

async function ask(gateway: Gateway, at: number, model: string, { said, id, header, address }: Secrets): Promise<void> {
  const [name, bodyOf] = bodies[at]!
  const dialect = gateway.dialects.find((one) => one.id === name)!
  const caller = { ...gateway.identify('<key-of-caller'), address }
  const headers = [['x-secret', header]] as const
  try {
    const request = gateway.ask({
      dialect,
      body: bodyOf(model, said),
      caller,
      id,
      headers,
      signal: AbortSignal.timeout(60_000),
    })
    const reply = await gateway.serve(request)
    for await (const chunk of reply.body) assert.ok(chunk)
  } catch {
    // Refused: that is taken down as well.
  }
}

test('whatever strings a request carries, and whatever a server says to it, none of them is in the recording', async () => {
  let rows = 0
  await fc.assert(
    fc.asyncProperty(
      secrets,
      fc.nat(bodies.length - 1),
      fc.constantFrom(...manners),
      fc.nat(2),
      async (all, at, manner, which) => {
        const world = new FakeWorld()
        world.answer = () => Promise.resolve(answerOf(manner, all))
        const gateway = gatewayFor(world)
        let text = ''
        gateway.subscribe(recorderOf(gateway, { file: () => 1, write: (line) => void (text += line) }).listen)
        await ask(gateway, at, [served, all.model, `vendor-${all.model}`][which]!, all)
        await new Promise(setImmediate)
        rows += text.split('"type":"request"').length - 1
        for (const secret of [...all.said, all.model, all.id, all.header, all.address, all.told])
          for (const written of [secret, JSON.stringify(secret).slice(1, -1)])
            assert.ok(!text.includes(written), `${written} in ${text}`)
        assert.doesNotMatch(text, /<key-of|secret-host/)
        for (const line of text.split('\n').slice(0, -1)) assert.equal(lineOf(readLine(line)!), `${line}\n`)
      },
    ),
    { numRuns: 300 },
  )
  assert.ok(rows > 200, `${rows} rows`)
  assert.equal(new Set(bodies.map(([name]) => name)).size, dialects.length - 2)
})
