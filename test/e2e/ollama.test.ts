import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Message, Ollama, type Tool } from 'ollama'
import { recital } from '../../src/sim/recital.ts'
import { endless, model, pixel, stage, stops } from './rig.ts'
import { kinds } from './witness.ts'

const asked = 'Say 12 words.'
const messages: Message[] = [{ role: 'user', content: asked }]
const parameters = {
  type: 'object',
  required: ['city'],
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
}
const tools: Tool[] = [
  { type: 'function', function: { name: 'weather', description: 'Tells the weather.', parameters } },
]

for (const kind of kinds) {
  test(`ollama-js hears a whole answer of ${kind} with its counts`, async (t) => {
    const { url } = await stage(t, kind)
    const answer = await new Ollama({ host: url }).chat({ model, messages })
    assert.deepEqual([answer.model, answer.done, answer.done_reason], [model, true, 'stop'])
    assert.deepEqual([answer.message.role, answer.message.content], ['assistant', recital(asked)])
    assert.deepEqual([answer.prompt_eval_count, answer.eval_count], [4, 12])
    assert.ok(answer.total_duration > 0)
  })

  test(`ollama-js hears every token of ${kind} once and in order, and the counts at the end`, async (t) => {
    const { url, server } = await stage(t, kind, { server: { torn: 0.5 } })
    const words: string[] = []
    const ends: unknown[] = []
    for await (const {
      message,
      done,
      done_reason: reason,
      prompt_eval_count: read,
      eval_count: said,
    } of await new Ollama({
      host: url,
    }).chat({ model, messages, stream: true })) {
      if (message.content !== '') words.push(message.content)
      if (done) ends.push([reason, read, said])
    }
    assert.equal(words.join(''), recital(asked))
    assert.ok(words.length > 6, `it came in ${words.length} pieces`)
    assert.deepEqual(ends, [['stop', 4, 12]])
    assert.deepEqual([server.ledger.asked, server.ledger.whole], [1, 1])
  })

  test(`ollama-js limits an answer of ${kind}`, async (t) => {
    const { url } = await stage(t, kind)
    const { message, done_reason: reason } = await new Ollama({ host: url }).chat({
      model,
      messages,
      options: { num_predict: 5 },
    })
    assert.deepEqual([message.content, reason], [recital(asked, 5), 'length'])
  })

  test(`ollama-js gets a tool call of ${kind}, streamed and not, and words once the result is there`, async (t) => {
    const { url, server } = await stage(t, kind)
    const client = new Ollama({ host: url })
    const { message } = await client.chat({ model, messages, tools })
    let streamed: Message | undefined
    for await (const { message: piece } of await client.chat({ model, messages, tools, stream: true })) {
      if (piece.tool_calls !== undefined) streamed = piece
    }
    for (const { tool_calls: calls } of [message, streamed!]) {
      assert.deepEqual(
        calls?.map(({ function: { name } }) => name),
        ['weather'],
      )
      assert.deepEqual(Object.keys(calls[0]!.function.arguments), ['city', 'days'])
    }
    const result = { role: 'tool', tool_name: 'weather', content: 'sunny' }
    const after = await client.chat({ model, tools, messages: [...messages, message, result] })
    assert.equal(after.message.content, recital(asked))
    const told = server.heard.at(-1)!['messages'] as {
      role: string
      content: string
      tool_call_id?: string
      tool_calls?: { id: string }[]
    }[]
    assert.deepEqual(
      told.map(({ role }) => role),
      ['user', 'assistant', 'tool'],
    )
    assert.equal(told[2]?.content, 'sunny')
    if (kind === 'vllm') assert.equal(told[2].tool_call_id, told[1]?.tool_calls?.[0]?.id)
  })

  test(`ollama-js gets JSON of its schema from ${kind}, and any JSON`, async (t) => {
    const { url, server } = await stage(t, kind)
    const client = new Ollama({ host: url })
    const schema = { type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer' } } }
    const person = await client.chat({ model, messages, format: schema })
    assert.deepEqual(Object.keys(JSON.parse(person.message.content) as object), ['name', 'age'])
    const heard = server.heard[0]!
    const format = heard['response_format'] as { json_schema: { schema: unknown } }
    assert.deepEqual(kind === 'ollama' ? heard['format'] : format.json_schema.schema, schema)
    const any = await client.chat({ model, messages, format: 'json' })
    assert.deepEqual(Object.keys(JSON.parse(any.message.content) as object), ['answer'])
  })

  test(`ollama-js hears the thoughts of ${kind} apart from its words`, async (t) => {
    const { url, server } = await stage(t, kind)
    server.thoughts = ['Let me ', 'see. ']
    let thoughts = ''
    let words = ''
    for await (const { message } of await new Ollama({ host: url }).chat({
      model,
      messages,
      stream: true,
      think: 'high',
    })) {
      thoughts += message.thinking ?? ''
      words += message.content
    }
    assert.deepEqual([thoughts, words], ['Let me see. ', recital(asked)])
    const heard = server.heard[0]!
    assert.equal(kind === 'ollama' ? heard['think'] : heard['reasoning_effort'], 'high')
  })

  test(`an image from ollama-js reaches ${kind} in its own form`, async (t) => {
    const { url, server } = await stage(t, kind)
    const image = Buffer.from(pixel, 'base64')
    await new Ollama({ host: url }).chat({ model, messages: [{ role: 'user', content: asked, images: [image] }] })
    const [message] = server.heard[0]!['messages'] as [
      { content: { type: string; image_url?: unknown }[]; images?: unknown },
    ]
    if (kind === 'ollama') assert.deepEqual([message.content, message.images], [asked, [pixel]])
    else {
      assert.deepEqual(message.content.map(({ type }) => type).sort(), ['image_url', 'text'])
      const { image_url: sent } = message.content.find(({ type }) => type === 'image_url')!
      assert.deepEqual(sent, { url: `data:image/png;base64,${pixel}` })
    }
  })

  test(`ollama-js going away in mid-stream stops ${kind}`, async (t) => {
    const { url, server } = await stage(t, kind)
    const stream = await new Ollama({ host: url }).chat({
      model,
      messages: [{ role: 'user', content: endless }],
      stream: true,
    })
    let words = 0
    await assert.rejects(
      async () => {
        for await (const { message } of stream) {
          words += message.content === '' ? 0 : 1
          if (words === 5) stream.abort()
        }
      },
      { name: 'AbortError' },
    )
    await stops(server)
    assert.equal(server.ledger.aborted, 1)
  })
}
