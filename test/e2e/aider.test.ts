/** Aider by way of litellm, as `ollama_chat/` and `ollama/`: another context length with every turn. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recital } from '../../src/sim/recital.ts'
import { linesIn, type Loose } from './replica.ts'
import { model, stage } from './rig.ts'
import { allKinds } from './witness.ts'

const headers = { 'user-agent': 'litellm/1.80.0', authorization: 'Bearer none' }

/** Litellm names no type of its body. */
async function post(url: string, path: string, body: object): Promise<string> {
  const response = await fetch(url + path, { method: 'POST', headers, body: Buffer.from(JSON.stringify(body)) })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return text
}

/** Trained for more than it is loaded with, and not there before somebody asks for it. */
const models = [
  { name: model, contextTokens: 8_192, trainedTokens: 131_072 },
  { name: 'phi4-mini:latest', contextTokens: 8_192 },
]
const lazy = { models, engine: { loadedMax: 1, loadMs: 5 } }

interface Message {
  role: string
  content: string
  images?: string[]
}

/** What it asks for grows with what it has to say. */
const contextFor = (messages: readonly Message[]): number =>
  Math.floor(messages.reduce((sum, { content }) => sum + content.length / 4, 0) * 1.25) + 8_192

async function turn(url: string, messages: readonly Message[]): Promise<string> {
  const options = { temperature: 0, num_ctx: contextFor(messages) }
  const body = { model, messages: messages.map((message) => ({ ...message, images: [] })), options, stream: true }
  const lines = linesIn(await post(url, '/api/chat', body))
  assert.equal(lines.at(-1).done, true)
  assert.ok(lines.at(-1).prompt_eval_count > 0 && lines.at(-1).eval_count > 0)
  return lines.map(({ message }: Loose) => message.content).join('')
}

for (const kind of allKinds) {
  test(`Aider looks a model up by name and talks to ${kind} for turns, and the model stays as it is loaded`, async (t) => {
    const { url, server } = await stage(t, kind, { server: kind === 'ollama' ? lazy : {} })
    const shown = JSON.parse(await post(url, '/api/show', { name: model }))
    assert.ok(shown.model_info !== undefined && Array.isArray(shown.capabilities))
    const messages: Message[] = [{ role: 'system', content: 'Act as an expert software developer.' }]
    for (const words of [8, 9, 10, 11]) {
      const content = `Say ${words} words. ${'And mind the code. '.repeat(words)}`
      messages.push({ role: 'user', content })
      const said = await turn(url, messages)
      assert.equal(said, recital(content))
      messages.push({ role: 'assistant', content: said })
    }
    assert.deepEqual(
      [server.ledger.whole, server.ledger.loads, server.ledger.reloads],
      [4, kind === 'ollama' ? 1 : 0, 0],
    )
  })
}

test('Aider before Ollama has the context that the house has set, whatever it asks for', async (t) => {
  const { url, server } = await stage(t, 'ollama', {
    server: lazy,
    upstream: { models: { context: { [model]: 16_384 } } },
  })
  for (const words of [8, 9, 10])
    await turn(url, [{ role: 'user', content: `Say ${words} words. ${'x '.repeat(words * 99)}` }])
  const asked = server.heard.map(({ options }) => (options as { num_ctx: number }).num_ctx)
  assert.deepEqual(asked, [16_384, 16_384, 16_384])
  assert.deepEqual([server.ledger.loads, server.ledger.reloads], [1, 0])
})

test('Aider as `ollama/` has a prompt of its own template, and its embeddings from /api/embed', async (t) => {
  const embedding = { name: 'nomic-embed-text:latest', contextTokens: 2_048, dimensions: 8 }
  const { url, server } = await stage(t, 'ollama', { server: { ...lazy, models: [...models, embedding] } })
  const prompt = '### User:\nSay 12 words.\n\n'
  for (const words of [1, 2]) {
    const options = { temperature: 0, num_ctx: 8_192 + words }
    const { response, done } = JSON.parse(
      await post(url, '/api/generate', { model, prompt, options, stream: false, images: [] }),
    )
    assert.deepEqual([response, done], [recital(prompt), true])
  }
  const { embeddings } = JSON.parse(await post(url, '/api/embed', { model: 'nomic-embed-text', input: ['one', 'two'] }))
  assert.equal(embeddings.length, 2)
  // One model, and then the other in its place.
  assert.deepEqual([server.ledger.loads, server.ledger.reloads], [2, 0])
})
