/** Clients read over the signs of life that a stream gives before its first token. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { recital } from '../../src/sim/recital.ts'
import { bodyOf, heardOf } from './raw.ts'
import { endless, stage, type Stage, type StageOptions, until } from './rig.ts'
import { aiSpeakers } from './speakers/ai.ts'
import { anthropicSdk, olderAnthropicSdk } from './speakers/anthropic.ts'
import { langChainSpeakers } from './speakers/langchain.ts'
import { ollamaChat, ollamaGenerate } from './speakers/ollama.ts'
import { openAiChat, openAiCompletions, openAiResponses } from './speakers/openai.ts'

const speakers = [
  openAiChat,
  openAiResponses,
  openAiCompletions,
  anthropicSdk,
  olderAnthropicSdk,
  ollamaChat,
  ollamaGenerate,
  ...aiSpeakers,
  ...langChainSpeakers,
]

const asked = 'Say 12 words.'

const beating = { timeouts: { heartbeat: '250ms' } }

/** Slow at reading: there is time for beats before it speaks. */
const slow: StageOptions = { config: beating, server: { engine: { prefillTokensPerSecond: 5 } } }

/** The one place is taken, and will be. */
const crowded: StageOptions = {
  config: { ...beating, queue: { patience: '700ms' } },
  upstream: { concurrency: 1 },
}

async function taken({ url, server }: Stage): Promise<AbortController> {
  const inside = new AbortController()
  openAiChat.stream(url, endless, { signal: inside.signal }).catch(() => {})
  await until(() => server.ledger.outputTokens > 0, 2_000, 'it speaks')
  return inside
}

suite('While a stream waits for its first token', { concurrency: 8 }, () => {
  for (const { name, dialect, stream, told } of speakers) {
    test(`${name} (${dialect}) hears that it is alive, and then every word`, async (t) => {
      const { url, events } = await stage(t, 'ollama', slow)
      assert.equal(await stream(url, asked, { limit: 100 }), recital(asked))
      const [settled] = events.filter((event) => event.type === 'ask-settled')
      assert.ok(settled!.outcome.firstTokenMs! > 550, `It spoke after ${settled!.outcome.firstTokenMs} ms.`)
    })

    test(`${name} (${dialect}) raises what goes wrong afterwards`, async (t) => {
      const scene = await stage(t, 'ollama', crowded)
      const inside = await taken(scene)
      const heard: string[] = []
      await assert.rejects(stream(scene.url, asked, { onWord: (word) => heard.push(word) }), (error) =>
        told(error).message.includes('No server had room'),
      )
      assert.deepEqual(heard, [])
      const ends = scene.events.filter((event) => event.type === 'ask-settled')
      assert.deepEqual(
        ends.map(({ outcome }) => [outcome.fault?.kind, outcome.totalMs > 550]),
        [['patience-spent', true]],
      )
      inside.abort()
    })
  }

  test('the wire shows the place in the queue, and whoever hangs up leaves it', async (t) => {
    const scene = await stage(t, 'ollama', { ...crowded, config: beating })
    const inside = await taken(scene)
    const leaving = new AbortController()
    const response = await fetch(`${scene.url}/v1/chat/completions`, {
      method: 'POST',
      body: bodyOf(asked, true),
      signal: leaving.signal,
    })
    const { value } = await response.body!.getReader().read()
    assert.match(Buffer.from(value ?? []).toString(), /^: queued 1, about \d+ s\n\n$/)
    assert.equal(scene.gateway.waiting, 1)
    leaving.abort()
    await until(() => scene.gateway.waiting === 0, 1_000, 'it left the queue')
    inside.abort()
  })

  test('an answer that begins at once has nothing before it', async (t) => {
    const { url } = await stage(t, 'ollama', { config: beating, server: { engine: { loadMs: 0 } } })
    const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body: bodyOf(asked, true) })
    assert.notEqual(response.headers.get('x-spillway-upstream'), null)
    assert.match((await heardOf(response)).text, /^data: /)
  })
})
