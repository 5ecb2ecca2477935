import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Inbound, NetFault } from '../core/world.ts'
import type { Faults } from './faults.ts'
import { recital } from './recital.ts'
import { SimServer } from './server.ts'
import { ollamaLike, type ServerOptions, vllmLike } from './server-spec.ts'
import { SimWorld } from './world.ts'

const asked = 'Say 6 words.'
const origin = 'http://box'

interface Stage {
  world: SimWorld
  server: SimServer
  chat: (body?: object, signal?: AbortSignal) => Promise<Inbound>
  listen: (inbound: Inbound) => Promise<string>
}

function stage(like: typeof vllmLike, options: ServerOptions = {}): Stage {
  const world = new SimWorld(1)
  const server = new SimServer(like(options), world, 1)
  world.attach(origin, server)
  const path = like === ollamaLike ? '/api/chat' : '/v1/chat/completions'
  return {
    world,
    server,
    chat: (body = {}, signal) => {
      const whole = { model: 'llama3.1:8b', messages: [{ role: 'user', content: asked }], stream: true, ...body }
      return world.send({ method: 'POST', origin, path, headers: [], body: Buffer.from(JSON.stringify(whole)), signal })
    },
    async listen({ body }) {
      let text = ''
      for await (const bytes of body) text += Buffer.from(bytes).toString()
      return text
    },
  }
}

const isFault =
  (kind: NetFault['kind']) =>
  (error: unknown): boolean =>
    error instanceof NetFault && error.kind === kind

/** Only what breaks, always, and after so many tokens as chance has it. */
async function broken(like: typeof vllmLike, wanted: RegExp | 'reset'): Promise<string> {
  for (let seed = 0; seed < 200; seed += 1) {
    const world = new SimWorld(seed)
    const server = new SimServer(like({ faults: { breaks: 0.2 } }), world, seed)
    world.attach(origin, server)
    const path = like === ollamaLike ? '/api/chat' : '/v1/chat/completions'
    const body = Buffer.from(
      JSON.stringify({ model: 'llama3.1:8b', messages: [{ role: 'user', content: asked }], stream: true }),
    )
    let text = ''
    try {
      await world.run(
        (async () => {
          const inbound = await world.send({ method: 'POST', origin, path, headers: [], body, signal: undefined })
          for await (const bytes of inbound.body) text += Buffer.from(bytes).toString()
        })(),
      )
      if (wanted !== 'reset' && text.includes('.1 ') && wanted.test(text)) return text
    } catch (error) {
      if (wanted === 'reset' && text !== '' && isFault('reset')(error)) return text
    }
  }
  throw new Error(`No answer broke like ${wanted}.`)
}

test('Ollama sends nothing before its first token; vLLM sends the head at once', async () => {
  for (const [like, headAt] of [
    [ollamaLike, 1],
    [vllmLike, 0],
  ] as const) {
    const { world, chat } = stage(like)
    await world.run(chat())
    assert.equal(Math.ceil(world.now()), headAt)
  }
})

test('a stream of Ollama is lines, the last of which has the counts and durations in nanoseconds', async () => {
  const { world, chat, listen } = stage(ollamaLike)
  const text = await world.run(chat().then(listen))
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown> & { message: { content: string } })
  assert.equal(lines.map(({ message }) => message.content).join(''), recital(asked, 6))
  const { created_at: date, ...last } = lines.at(-1)!
  assert.match(String(date), /^2026-01-01T00:00:00\.\d{9}Z$/)
  assert.deepEqual(last, {
    model: 'llama3.1:8b',
    message: { role: 'assistant', content: '' },
    done: true,
    done_reason: 'stop',
    total_duration: 121_000_000,
    prompt_eval_count: 4,
    prompt_eval_duration: 1_000_000,
    eval_count: 6,
    eval_duration: 120_000_000,
  })
})

test('vLLM counts only for who asked, in a chunk without choices before the end', async () => {
  const { world, chat, listen } = stage(vllmLike)
  const plain = await world.run(chat().then(listen))
  assert.ok(!plain.includes('usage'))
  const counted = await world.run(chat({ stream_options: { include_usage: true } }).then(listen))
  const frames = counted.split('\n\n')
  assert.deepEqual(frames.slice(-2), ['data: [DONE]', ''])
  const usage = JSON.parse(frames.at(-3)!.slice(6)) as { choices: unknown[]; usage: object }
  assert.deepEqual(usage.choices, [])
  assert.deepEqual(usage.usage, {
    prompt_tokens: 4,
    completion_tokens: 6,
    total_tokens: 10,
    prompt_tokens_details: { cached_tokens: 0 },
  })
})

test('each kind refuses in its own words what does not fit or is not there', async () => {
  const tooLong = { messages: [{ role: 'user', content: 'x'.repeat(40_000) }] }
  const said = async (like: typeof vllmLike, body: object): Promise<[number, string]> => {
    const { world, chat, listen } = stage(like)
    return world.run(chat(body).then(async (inbound) => [inbound.status, await listen(inbound)] as [number, string]))
  }
  assert.deepEqual(await said(ollamaLike, { model: 'x' }), [404, `{"error":"model 'x' not found"}`])
  assert.match(
    String(await said(ollamaLike, { ...tooLong, truncate: false })),
    /^400,.*exceed_context_size_error.*n_ctx/,
  )
  assert.match(String(await said(ollamaLike, { ...tooLong, stream: false })), /^200,.*"prompt_eval_count":4096/)
  assert.match(String(await said(vllmLike, { model: 'x' })), /^404,.*"type":"NotFoundError","code":404/)
  assert.match(String(await said(vllmLike, tooLong)), /^400,.*maximum context length is 8192 tokens.*"code":400/)
  assert.match(
    String(await said(ollamaLike, { messages: [{ role: 'user', content: [] }] })),
    /^400,.*cannot unmarshal array/,
  )
})

test('a request may be refused, reset, failed or met with silence, as chance has it', async () => {
  const outcome = async (faults: Faults): Promise<string> => {
    const { world, chat, server } = stage(ollamaLike, { faults })
    const gone = new AbortController()
    void world.sleep(60_000).then(() => gone.abort())
    const said = await world.run(
      chat({}, gone.signal).then(
        ({ status }) => `${status}`,
        (error: unknown) => `${(error as NetFault).kind} ${(error as NetFault).unsent}`,
      ),
    )
    assert.equal(server.ledger.open, 0)
    return said
  }
  assert.equal(await outcome({ refused: 1 }), 'refused true')
  assert.equal(await outcome({ reset: 1 }), 'reset false')
  assert.equal(await outcome({ error500: 1 }), '500')
  assert.equal(await outcome({ error503: 1 }), '503')
  assert.equal(await outcome({ silent: 1 }), 'aborted false')
})

test('an answer breaks by a reset, an error in band, or an end without its word', async () => {
  assert.ok(!(await broken(ollamaLike, 'reset')).includes('"done":true'))
  assert.match(await broken(ollamaLike, /"error":/), /\n\{"error":"an error was encountered[^\n]*\}\n$/)
  assert.ok((await broken(ollamaLike, /"done":false\}\n$/)).endsWith('"done":false}\n'))
  assert.ok(!(await broken(vllmLike, 'reset')).includes('[DONE]'))
  // The trap: an end that looks like one.
  assert.match(await broken(vllmLike, /"error":/), /\ndata: \{"error":[^\n]*\}\n\ndata: \[DONE\]\n\n$/)
})

test('a crash resets what is open, refuses what comes, and forgets the model', async () => {
  const { world, server, chat, listen } = stage(ollamaLike)
  const open = chat().then(listen)
  void world.sleep(50).then(() => server.crash())
  await assert.rejects(world.run(open), isFault('reset'))
  await assert.rejects(world.run(chat()), isFault('refused'))
  server.restart()
  assert.match(await world.run(chat().then(listen)), /"done":true/)
  assert.deepEqual([server.ledger.broken, server.ledger.whole, server.ledger.open], [1, 1, 0])
})

test('who stops reading ends the generation, as who hangs up does', async () => {
  const { world, server, chat } = stage(vllmLike)
  const { body } = await world.run(chat({ messages: [{ role: 'user', content: 'Say 1000 words.' }] }))
  const reader = body[Symbol.asyncIterator]()
  await world.run(reader.next())
  await reader.return?.()
  await world.run(world.sleep(5_000))
  assert.deepEqual([server.ledger.aborted, server.ledger.open, server.ledger.outputTokens], [1, 0, 1])
})

test('frames may arrive torn, and are the same bytes all the same', async () => {
  const whole = stage(vllmLike)
  const torn = stage(vllmLike, { torn: 1 })
  const [one, other] = [await whole.world.run(whole.chat()), await torn.world.run(torn.chat())]
  let pieces = 0
  let text = ''
  await torn.world.run(
    (async () => {
      for await (const bytes of other.body) {
        pieces += 1
        text += Buffer.from(bytes).toString()
      }
    })(),
  )
  assert.equal(text, await whole.world.run(whole.listen(one)))
  assert.equal(pieces, 14)
})

test('comments come while nothing is said yet, and stop with the first token', async () => {
  const { world, chat, listen } = stage(vllmLike, { pingMs: 100, engine: { prefillTokensPerSecond: 10 } })
  const text = await world.run(chat().then(listen))
  assert.match(text, /^(: ping\n\n){3,4}data: /)
  assert.equal(text.match(/: ping/g)!.length, text.indexOf('data:') / ': ping\n\n'.length)
})
