/** Client libraries before a real llama-server: what they hear through the gateway is what it says without. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { calling, counting, embedding, type Llama, llama, missing, reciting, router, tiny } from './llama.ts'
import { json, type Loose } from './replica.ts'
import { type Ends, open, until } from './rig.ts'
import { aiSpeakers } from './speakers/ai.ts'
import { anthropicSdk, olderAnthropicSdk } from './speakers/anthropic.ts'
import { langChainSpeakers } from './speakers/langchain.ts'
import { ollamaChat, ollamaEmbedders, ollamaGenerate } from './speakers/ollama.ts'
import { openAiChat, openAiCompletions, openAiEmbeddings, openAiResponses } from './speakers/openai.ts'
import type { Speaker, Wishes } from './speakers/speaker.ts'

const skip = await missing()

const own = [
  openAiChat,
  openAiResponses,
  openAiCompletions,
  anthropicSdk,
  olderAnthropicSdk,
  ollamaChat,
  ollamaGenerate,
]
const everySpeaker = [...own, ...aiSpeakers, ...langChainSpeakers]
const model = 'real'
const question = 'hello world'

interface House {
  readonly server: Llama
  readonly url: string
}

/** One server and one gateway for all tests of a suite. */
function housed(start: (ends: Ends) => Promise<Llama>): () => House {
  const closings: (() => unknown)[] = []
  let house: House
  before(async () => {
    if (skip !== false) return
    const ends = { after: (close: () => unknown) => void closings.unshift(close) }
    const server = await start(ends)
    const upstreams = [{ name: 'llama', kind: 'llamacpp', url: server.origin, concurrency: 2 }]
    house = { server, url: (await open(ends, { upstreams })).url }
  })
  after(async () => {
    for (const close of closings) await close()
  })
  return () => house
}

/** What the server says when nobody stands between. */
const direct = async ({ server }: House, extra: object = {}, named = model): Promise<Loose> => {
  const body = { model: named, messages: [{ role: 'user', content: question }], ...extra }
  return (await json(server.origin, '/v1/chat/completions', { body })).choices[0].message
}

suite('Before a real llama-server with a model that recites', () => {
  const house = housed((ends) => llama(ends, reciting(40)))

  for (const { name, chat, stream } of everySpeaker) {
    test(
      `${name} hears exactly what the server says, streamed and not, and no more than it wants`,
      { skip },
      async () => {
        const { url } = house()
        const { content } = await direct(house())
        assert.ok(content.length > 100)
        const words: string[] = []
        assert.equal(await stream(url, question, { model, onWord: (word) => words.push(word) }), content)
        assert.ok(words.length > 5, `it came in ${words.length} pieces`)
        assert.equal(await chat(url, question, { model }), content)
        assert.equal(await chat(url, question, { model, limit: 5 }), (await direct(house(), { max_tokens: 5 })).content)
      },
    )
  }

  for (const { name, chat, told } of own) {
    test(`${name} is refused a prompt that the server cannot hold`, { skip }, async () => {
      const error = await chat(house().url, 'word '.repeat(6_000), { model }).then(
        () => assert.fail('It was answered.'),
        told,
      )
      assert.equal(error.status, 400)
      assert.match(error.message, /context|prompt is too long/)
    })
  }
})

suite('Before a real llama-server with a model of chance', () => {
  const house = housed((ends) => llama(ends, tiny))

  /** The same wishes, as each client says them. */
  const wishesOf = (
    { dialect }: Speaker,
    { max_tokens: limit, ...sampling }: Readonly<Record<string, number>>,
  ): Wishes => ({
    model,
    extra: dialect.startsWith('ollama')
      ? { options: { ...sampling, num_predict: limit } }
      : { ...sampling, max_tokens: limit },
  })

  for (const speaker of everySpeaker.filter(({ dialect }) => dialect.endsWith('-chat'))) {
    test(`${speaker.name} hears the same words for the same seed`, { skip }, async () => {
      for (const seed of [1, 2, 3]) {
        const sampling = { seed, temperature: 0.8, top_p: 0.9, max_tokens: 60 }
        const { content } = await direct(house(), sampling)
        assert.ok(content.length > 10)
        const wishes = wishesOf(speaker, sampling)
        assert.equal(await speaker.stream(house().url, question, wishes), content)
        assert.equal(await speaker.chat(house().url, question, wishes), content)
      }
    })
  }
})

suite('Before a real llama-server that says signs of several tokens each', () => {
  const house = housed((ends) => llama(ends, reciting(5), '--grammar', 'root ::= "é🦊ü" "\\n" "→ça"'))

  for (const { name, stream, chat } of own) {
    test(`${name} hears them as they are`, { skip }, async () => {
      const { content } = await direct(house(), { max_tokens: 60 })
      assert.match(content, /🦊/)
      assert.equal(await stream(house().url, question, { model, limit: 60 }), content)
      assert.equal(await chat(house().url, question, { model, limit: 60 }), content)
    })
  }
})

suite('Before a real llama-server with a model that calls a tool', () => {
  const house = housed((ends) => llama(ends, calling))

  for (const { name, call } of everySpeaker) {
    if (call === undefined) continue
    test(`${name} is called, streamed and not, and what the tool said is taken`, { skip }, async () => {
      for (const streamed of [false, true]) {
        const called = await call(house().url, question, { model, streamed })
        assert.deepEqual([called.name, called.input], ['weather', { city: 'Paris' }])
        // It calls again, for it knows nothing else; what counts is that it understood the result.
        assert.match(await called.after('sunny'), /^Let me look/)
      }
    })
  }
})

suite('Before a real llama-server that takes its time', () => {
  const house = housed((ends) => llama(ends, counting))

  /** Hangs up in the middle of an answer that would take seconds. */
  const leaves = async (ask: Speaker['chat']): Promise<void> => {
    const { server, url } = house()
    const leaving = new AbortController()
    const gone = assert.rejects(ask(url, question, { model, limit: 1_400, signal: leaving.signal }), 'it went away')
    await until(async () => (await server.busy()) === 1, 2_000, 'its slot is busy')
    leaving.abort()
    await gone
    await until(async () => (await server.busy()) === 0, 2_000, 'its slot is free')
  }

  for (const { name, chat, stream } of own) {
    test(`${name} going away frees its slot, in mid-stream and while it waits for the whole`, { skip }, async () => {
      await leaves(stream)
      // By itself, llama-server stops nothing that was not to be a stream.
      await leaves(chat)
    })
  }
})

suite('Before a real llama-server that makes vectors', () => {
  const house = housed((ends) => llama(ends, embedding, '--embeddings'))

  for (const { name, embed } of [...openAiEmbeddings, ...ollamaEmbedders]) {
    test(`${name} gets the numbers of the server`, { skip }, async () => {
      const { server, url } = house()
      const input = ['one text', 'another']
      const { data } = await json(server.origin, '/v1/embeddings', { body: { model, input } })
      const vectors = await embed(url, input, { model })
      assert.equal(vectors.length, 2)
      for (const [at, vector] of vectors.entries()) {
        const expected: number[] = data[at].embedding
        assert.equal(vector.length, expected.length)
        // In base64 they are of single precision.
        for (const [index, number] of vector.entries()) assert.ok(Math.abs(number - expected[index]!) < 1e-6)
      }
    })
  }
})

suite('Before a real llama-server with two models and room for one', () => {
  const house = housed((ends) => router(ends, { few: reciting(10), many: reciting(20) }))

  test('each client is answered by the model that it named, whichever is loaded', { skip }, async () => {
    const { url } = house()
    const expected: Readonly<Record<string, string>> = {
      few: (await direct(house(), {}, 'few')).content,
      many: (await direct(house(), {}, 'many')).content,
    }
    assert.notEqual(expected['few'], expected['many'])
    for (const [at, { chat }] of [openAiChat, anthropicSdk, ollamaChat].entries()) {
      const named = at % 2 === 0 ? 'few' : 'many'
      assert.equal(await chat(url, question, { model: named }), expected[named])
    }
    // Both at once: one of them waits for the other.
    const both = await Promise.all(['few', 'many'].map((named) => openAiChat.stream(url, question, { model: named })))
    assert.deepEqual(both, [expected['few'], expected['many']])
  })
})
