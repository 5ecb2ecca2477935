/** Two real llama-servers, of which one is killed while it speaks. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { Event } from '../../src/core/event.ts'
import { calling, llama, missing, reciting } from './llama.ts'
import { json } from './replica.ts'
import { open, until } from './rig.ts'
import { anthropicSdk } from './speakers/anthropic.ts'
import { ollamaChat, ollamaGenerate } from './speakers/ollama.ts'
import { openAiChat, openAiCompletions } from './speakers/openai.ts'

const skip = await missing()

const model = 'real'
const question = 'hello world'
const limit = 250
/** Slow enough that it is killed in the middle. */
const slowly = [...reciting(400), '--width', '256', '--layers', '2', '--ff', '1024'] as const
const models = { [model]: { resume: true } }

interface Pieces {
  readonly choices: readonly { readonly delta: { readonly content?: string | null } }[]
}

/** On a connection of its own: llama-server closes those it kept without a word, and nobody here would ask again. */
const headers = { 'content-type': 'application/json', connection: 'close' }

/** What a server says to a conversation, piece by piece. */
async function pieces(origin: string, messages: readonly object[], more: object = {}): Promise<readonly string[]> {
  const response = await fetch(`${origin}/v1/chat/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model, messages, stream: true, temperature: 0, ...more }),
  })
  const frames = (await response.text()).split('\n\n').filter((frame) => frame.startsWith('data: {'))
  return frames.flatMap((frame) => (JSON.parse(frame.slice(6)) as Pieces).choices[0]?.delta.content || [])
}

suite('A real llama-server', { skip }, () => {
  test('goes on with a text to the letter wherever it is cut, be it in blanks, line breaks or signs of several bytes', async (t) => {
    const script = join(import.meta.dirname, 'llama/seams.json')
    const { origin } = await llama(t, ['reciting-gguf.ts', '--script', script])
    const messages = [{ role: 'user', content: question }]
    const whole = await pieces(origin, messages)
    assert.ok(whole.length > 15, `it says ${whole.length} pieces`)
    for (let cut = 1; cut < whole.length; cut += 1) {
      const said = whole.slice(0, cut).join('')
      const rest = await pieces(origin, [...messages, { role: 'assistant', content: said }], {
        chat_template_kwargs: { enable_thinking: false },
      })
      assert.equal(said + rest.join(''), whole.join(''), `cut after ${JSON.stringify(said)}`)
      const { choices } = await json(origin, '/v1/completions', {
        headers,
        body: { model, prompt: question + said, temperature: 0 },
      })
      assert.equal(said + String(choices[0].text), whole.join(''), `a plain text, cut after ${JSON.stringify(said)}`)
    }
  })

  test('that is killed while several listen is not missed: another goes on, and each hears every word once', async (t) => {
    const servers = await Promise.all(['one', 'two'].map(() => llama(t, slowly, '-np', '8', '-c', '16384')))
    const expected = (
      await json(servers[1]!.origin, '/v1/chat/completions', {
        headers,
        body: { model, max_tokens: limit, messages: [{ role: 'user', content: question }] },
      })
    ).choices[0].message.content as string
    assert.ok(expected.length > 800)
    const events: Event[] = []
    const upstreams = servers.map(({ origin }, at) => ({
      name: `box-${at}`,
      kind: 'llamacpp',
      url: origin,
      concurrency: 8,
    }))
    const { url } = await open(t, { upstreams, models }, (event) => events.push(event))
    const heard: number[] = []
    const speakers = [openAiChat, openAiCompletions, anthropicSdk, ollamaChat, ollamaGenerate, openAiChat]
    const streams = speakers.map(({ stream }, at) => {
      heard[at] = 0
      return stream(url, question, { model, limit, onWord: () => (heard[at]! += 1) })
    })
    await until(() => heard.every((words) => words > 5), 20_000, 'all are listening')
    servers[0]!.kill()
    assert.deepEqual(
      await Promise.all(streams),
      speakers.map(() => expected),
    )
    const carriedOn = events.filter((event) => event.type === 'resumed' && event.outcome === 'carried-on')
    assert.ok(carriedOn.length > 0, 'it was killed while it spoke')
    t.diagnostic(`${carriedOn.length} of ${speakers.length} were carried on`)
  })

  test('that was cut before it called a tool calls it when it goes on', async (t) => {
    const { origin } = await llama(t, calling)
    const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }]
    const messages = [{ role: 'user', content: question }]
    const whole = await pieces(origin, messages, { tools })
    assert.ok(whole.length > 2)
    const cut = [...messages, { role: 'assistant', content: whole.slice(0, 2).join('') }]
    const body = { model, tools, messages: cut, chat_template_kwargs: { enable_thinking: false } }
    const { choices } = await json(origin, '/v1/chat/completions', { headers, body })
    assert.equal(choices[0].message.tool_calls[0].function.name, 'weather')
  })
})
