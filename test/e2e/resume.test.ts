/** A stream that breaks is carried on by another server, and no client library notices; and how soon. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import type { ConfigInput } from '../../src/config/schema.ts'
import type { Event } from '../../src/core/event.ts'
import type { Inbound, Outbound } from '../../src/core/world.ts'
import { recital } from '../../src/sim/recital.ts'
import { heardOf, post, wires } from './raw.ts'
import { model, stand } from './rig.ts'
import { aiSpeakers } from './speakers/ai.ts'
import { anthropicSdk } from './speakers/anthropic.ts'
import { langChainSpeakers } from './speakers/langchain.ts'
import { ollamaChat, ollamaGenerate } from './speakers/ollama.ts'
import { openAiChat, openAiCompletions } from './speakers/openai.ts'
import { breaks, type Kind, Witness } from './witness.ts'

const speakers = [
  openAiChat,
  openAiCompletions,
  anthropicSdk,
  ollamaChat,
  ollamaGenerate,
  ...aiSpeakers.filter(({ dialect }) => dialect !== 'openai-responses'),
  ...langChainSpeakers.filter(({ dialect }) => dialect !== 'openai-responses'),
]

const asked = 'Say 30 words.'

const models: ConfigInput['models'] = { [model]: { resume: true } }

/** One that breaks, and one that goes on; the first is asked first. */
async function stage(t: TestContext, kind: Kind): Promise<Awaited<ReturnType<typeof stand>> & Pair> {
  const [breaking, other] = [new Stamped(kind, { name: 'breaking' }), new Stamped('llamacpp', { name: 'other' })]
  const events: Event[] = []
  const scene = await stand(t, [breaking, other], { models }, (event) => events.push(event))
  return { ...scene, breaking, other, events }
}

interface Pair {
  readonly breaking: Stamped
  readonly other: Stamped
  readonly events: readonly Event[]
}

/** Notes when it was asked, and when an answer of it broke. */
class Stamped extends Witness {
  askedAt = 0
  brokeAt = 0

  override async send(out: Outbound): Promise<Inbound> {
    const { length } = this.heard
    const at = performance.now()
    const inbound = await super.send(out)
    if (this.heard.length === length) return inbound
    this.askedAt = at
    return { ...inbound, body: this.#stamped(inbound.body) }
  }

  async *#stamped(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    try {
      yield* body
    } catch (error) {
      this.brokeAt = performance.now()
      throw error
    }
  }
}

for (const kind of ['llamacpp', 'ollama', 'vllm'] as const) {
  suite(`When ${kind} breaks off and a llama-server goes on`, { concurrency: 4 }, () => {
    for (const { name, stream } of speakers) {
      test(`${name} hears every word once and in order, and finds the stream finished`, async (t) => {
        const { url, breaking, other, events } = await stage(t, kind)
        for (const by of breaks) {
          breaking.mischief = { after: 9, by }
          const words: string[] = []
          assert.equal(await stream(url, asked, { onWord: (word) => words.push(word) }), recital(asked), by)
          assert.ok(words.length > 4)
        }
        const healed = events.filter((event) => event.type === 'resumed' && event.outcome === 'carried-on').length
        assert.ok(healed > 0, 'it was carried on')
        assert.equal(other.ledger.open, 0)
      })
    }
  })
}

/** The goal is 50 ms; the middle of many is what a busy machine can be held to. */
const soonMs = 50
const times = 25

const median = (all: readonly number[]): number => all.toSorted((one, other) => one - other)[all.length >> 1]!

test('from the reset of one server to the request at the next it takes no time that counts', async (t) => {
  const took: number[] = []
  for (let time = 0; time < times; time += 1) {
    // One that breaks again and again would not be asked any more.
    const { url, breaking, other } = await stage(t, 'llamacpp')
    breaking.mischief = { after: 5, by: 'reset' }
    const { text, broke } = await heardOf(await post(url, wires[0]!, asked))
    assert.ok(!broke && wires[0]!.finished.test(text))
    took.push(other.askedAt - breaking.brokeAt)
  }
  t.diagnostic(`${took.length} times: middle ${median(took).toFixed(1)} ms, at most ${Math.max(...took).toFixed(1)} ms`)
  assert.ok(median(took) < soonMs, `it took ${median(took)} ms`)
})

for (const wire of wires) {
  test(`from a reset in mid-stream to the error in the form of ${wire.name} API it takes no time that counts`, async (t) => {
    const server = new Stamped('vllm', { name: 'alone' })
    const { url } = await stand(t, [server], { models })
    const took: number[] = []
    for (let time = 0; time < times; time += 1) {
      server.mischief = { after: 5, by: 'reset' }
      const { text } = await heardOf(await post(url, wire, asked))
      const now = performance.now()
      if (server.brokeAt === 0) continue
      assert.match(text, wire.error)
      took.push(now - server.brokeAt)
      server.brokeAt = 0
      server.mischief = undefined
      // One that is broken all the time would not be asked any more.
      await heardOf(await post(url, wire, asked))
    }
    t.diagnostic(
      `${took.length} times: middle ${median(took).toFixed(1)} ms, at most ${Math.max(...took).toFixed(1)} ms`,
    )
    assert.ok(median(took) < soonMs, `it took ${median(took)} ms`)
  })
}
