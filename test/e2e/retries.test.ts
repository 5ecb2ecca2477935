/** Clients try again by themselves: once it makes sense, and not when it would come to the same. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { recital } from '../../src/sim/recital.ts'
import { endless, type Stage, stage, stops, until } from './rig.ts'
import { aiSpeakers } from './speakers/ai.ts'
import { anthropicSdk, olderAnthropicSdk } from './speakers/anthropic.ts'
import { langChainSpeakers } from './speakers/langchain.ts'
import { openAiChat, openAiResponses } from './speakers/openai.ts'
import type { Speaker } from './speakers/speaker.ts'

const official = [openAiChat, openAiResponses, anthropicSdk, olderAnthropicSdk]
// LangChain's for Ollama tries no stream again.
const everyone = [...official, ...aiSpeakers, ...langChainSpeakers.filter(({ dialect }) => dialect !== 'ollama-chat')]

const asked = 'Say 3 words.'

/** How often the gateway refused somebody so. */
const refused = ({ events }: Stage, kind: string): number =>
  events.filter((event) => event.type === 'ask-settled' && event.outcome.fault?.kind === kind).length

/** A house whose one place is taken until somebody says otherwise. */
async function taken(
  t: TestContext,
  { stream }: Speaker,
  queue: object,
): Promise<Stage & { leave: () => Promise<void> }> {
  const scene = await stage(t, 'vllm', {
    upstream: { concurrency: 1 },
    config: { queue },
    server: { engine: { slots: 1 } },
  })
  const leaving = new AbortController()
  const inside = assert.rejects(stream(scene.url, endless, { signal: leaving.signal }))
  await until(() => scene.server.ledger.open === 1, 2_000, 'it speaks')
  const leave = async (): Promise<void> => {
    leaving.abort()
    await inside
    await stops(scene.server)
  }
  return { ...scene, leave }
}

suite('Clients that try again', { concurrency: 16 }, () => {
  for (const speaker of everyone) {
    const { name, chat, stream } = speaker

    test(`${name} finds a full house, comes back when it was told to, and is served`, async (t) => {
      const scene = await taken(t, speaker, { max: 0 })
      const answer = stream(scene.url, asked, { retries: 2 })
      await until(() => refused(scene, 'queue-full') === 1, 2_000, 'it was turned away')
      await scene.leave()
      assert.equal(await answer, recital(asked))
      assert.equal(refused(scene, 'queue-full'), 1)
    })

    test(`${name} does not ask again for what nobody has, nor when an answer broke off`, async (t) => {
      const scene = await stage(t, 'vllm')
      await assert.rejects(chat(scene.url, asked, { retries: 2, model: 'nobody' }))
      assert.equal(refused(scene, 'no-such-model'), 1)
      scene.server.mischief = { after: 3, by: 'reset' }
      await assert.rejects(stream(scene.url, 'Say 6 words.', { retries: 2 }))
      assert.equal(scene.server.heard.length, 1)
    })
  }

  for (const speaker of official) {
    test(`${speaker.name} that has waited as long as it wanted to does not begin anew`, async (t) => {
      const scene = await taken(t, speaker, { max: 1, patience: '20ms' })
      await assert.rejects(speaker.chat(scene.url, asked, { retries: 2 }))
      assert.equal(refused(scene, 'patience-spent'), 1)
      await scene.leave()
    })
  }
})
