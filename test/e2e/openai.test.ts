import assert from 'node:assert/strict'
import { test } from 'node:test'
import OpenAI from 'openai'
import { recital } from '../../src/sim/recital.ts'
import { endless, model, pixel, stage, stops } from './rig.ts'
import { kinds } from './witness.ts'

const clientOf = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })

const asked = 'Say 12 words.'
const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: asked }]
const parameters = {
  type: 'object',
  required: ['city'],
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
}
const tools: OpenAI.ChatCompletionTool[] = [
  { type: 'function', function: { name: 'weather', description: 'Tells the weather.', parameters } },
]

for (const kind of kinds) {
  test(`openai-js hears a whole answer of ${kind} with its counts`, async (t) => {
    const { url } = await stage(t, kind)
    const { choices, usage, object, model: named } = await clientOf(url).chat.completions.create({ model, messages })
    assert.deepEqual([object, named, choices.length], ['chat.completion', model, 1])
    assert.equal(choices[0]?.message.content, recital(asked))
    assert.equal(choices[0]?.finish_reason, 'stop')
    assert.deepEqual([usage?.prompt_tokens, usage?.completion_tokens, usage?.total_tokens], [4, 12, 16])
  })

  test(`openai-js hears every token of ${kind} once and in order, and counts only if it asked for them`, async (t) => {
    const { url, server } = await stage(t, kind, { server: { torn: 0.5 } })
    for (const wantsUsage of [false, true]) {
      const stream = await clientOf(url).chat.completions.create({
        model,
        messages,
        stream: true,
        ...(wantsUsage && { stream_options: { include_usage: true } }),
      })
      const words: string[] = []
      const reasons: string[] = []
      const counts: (readonly [number, number])[] = []
      for await (const { choices, usage } of stream) {
        if (usage) counts.push([usage.prompt_tokens, usage.completion_tokens])
        else assert.equal(choices.length, 1)
        const { delta, finish_reason: reason } = choices[0] ?? {}
        if (delta?.content) words.push(delta.content)
        if (reason) reasons.push(reason)
      }
      assert.equal(words.join(''), recital(asked))
      assert.ok(words.length > 6, `it came in ${words.length} pieces`)
      assert.deepEqual(reasons, ['stop'])
      assert.deepEqual(counts, wantsUsage ? [[4, 12]] : [])
    }
    assert.deepEqual([server.ledger.asked, server.ledger.whole], [2, 2])
  })

  test(`openai-js limits an answer of ${kind} by either name for it`, async (t) => {
    const { url } = await stage(t, kind)
    for (const limit of [{ max_tokens: 5 }, { max_completion_tokens: 5 }]) {
      const { choices } = await clientOf(url).chat.completions.create({ model, messages, ...limit })
      assert.equal(choices[0]?.message.content, recital(asked, 5))
      assert.equal(choices[0]?.finish_reason, 'length')
    }
  })

  test(`openai-js gets a tool call of ${kind}, streamed and not, and words once the result is there`, async (t) => {
    const { url, server } = await stage(t, kind)
    const client = clientOf(url)
    const streamed = await client.chat.completions.stream({ model, messages, tools }).finalChatCompletion()
    const whole = await client.chat.completions.create({ model, messages, tools })
    for (const { choices } of [streamed, whole]) {
      assert.equal(choices[0]?.finish_reason, 'tool_calls')
      const call = choices[0].message.tool_calls?.[0]
      assert.ok(call?.type === 'function' && call.id !== '')
      assert.equal(call.function.name, 'weather')
      assert.deepEqual(Object.keys(JSON.parse(call.function.arguments) as object), ['city', 'days'])
    }
    const { message } = whole.choices[0]!
    const result = { role: 'tool' as const, tool_call_id: message.tool_calls![0]!.id, content: 'sunny' }
    const after = await client.chat.completions.create({ model, tools, messages: [...messages, message, result] })
    assert.equal(after.choices[0]?.message.content, recital(asked))
    const told = server.heard.at(-1)!['messages'] as { role: string; content: string }[]
    assert.deepEqual(
      told.map(({ role }) => role),
      ['user', 'assistant', 'tool'],
    )
    assert.equal(told[2]?.content, 'sunny')
  })

  test(`openai-js gets JSON of its schema from ${kind}, and any JSON`, async (t) => {
    const { url, server } = await stage(t, kind)
    const client = clientOf(url)
    const schema = { type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer' } } }
    const person = await client.chat.completions.parse({
      model,
      messages,
      response_format: { type: 'json_schema', json_schema: { name: 'person', schema, strict: true } },
    })
    assert.deepEqual(Object.keys(person.choices[0]?.message.parsed ?? {}), ['name', 'age'])
    const heard = server.heard[0]!
    assert.deepEqual(
      kind === 'ollama' ? heard['format'] : (heard['response_format'] as Schemed).json_schema.schema,
      schema,
    )
    const any = await client.chat.completions.create({ model, messages, response_format: { type: 'json_object' } })
    assert.deepEqual(Object.keys(JSON.parse(any.choices[0]!.message.content!) as object), ['answer'])
  })

  test(`openai-js hears the thoughts of ${kind} apart from its words`, async (t) => {
    const { url, server } = await stage(t, kind)
    server.thoughts = ['Let me ', 'see. ']
    const stream = await clientOf(url).chat.completions.create({
      model,
      messages,
      stream: true,
      reasoning_effort: 'high',
    })
    let thoughts = ''
    let words = ''
    for await (const { choices } of stream) {
      const delta: { content?: string | null; reasoning?: string } = choices[0]?.delta ?? {}
      thoughts += delta.reasoning ?? ''
      words += delta.content ?? ''
    }
    assert.deepEqual([thoughts, words], ['Let me see. ', recital(asked)])
    const heard = server.heard[0]!
    assert.equal(kind === 'ollama' ? heard['think'] : heard['reasoning_effort'], 'high')
  })

  test(`an image from openai-js reaches ${kind} in its own form`, async (t) => {
    const { url, server } = await stage(t, kind)
    const image = { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${pixel}` } }
    const content = [{ type: 'text' as const, text: asked }, image]
    const { choices } = await clientOf(url).chat.completions.create({ model, messages: [{ role: 'user', content }] })
    assert.equal(choices[0]?.message.content, recital(asked))
    const [message] = server.heard[0]!['messages'] as [Record<string, unknown>]
    if (kind === 'vllm') assert.deepEqual(message['content'], content)
    else assert.deepEqual([message['content'], message['images']], [asked, [pixel]])
  })

  test(`openai-js going away in mid-stream stops ${kind}`, async (t) => {
    const { url, server } = await stage(t, kind)
    const stream = await clientOf(url).chat.completions.create({
      model,
      messages: [{ role: 'user', content: endless }],
      stream: true,
    })
    let words = 0
    for await (const { choices } of stream) {
      words += choices[0]?.delta.content ? 1 : 0
      if (words === 5) break
    }
    await stops(server)
    assert.equal(server.ledger.aborted, 1)
  })
}

interface Schemed {
  readonly json_schema: { readonly schema: unknown }
}
