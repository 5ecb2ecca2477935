import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import OpenAI from 'openai'
import { recital, thought } from '../../src/sim/recital.ts'
import { model, pixel, stage } from './rig.ts'
import { openAiChat, openAiCompletions, openAiEmbeddings, openAiResponses } from './speakers/openai.ts'
import { table, vectorTable } from './table.ts'
import { allKinds, type Kind } from './witness.ts'

table([openAiChat, openAiResponses, openAiCompletions])
vectorTable(openAiEmbeddings)

const clientOf = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })

const asked = 'Say 12 words.'
const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: asked }]
const person = { type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer' } } }
const thinker = { server: { models: [{ name: model, contextTokens: 64_000, thinks: true }] } }

const each = (about: string, run: (kind: Kind) => void): void => {
  suite(about, { concurrency: 8 }, () => {
    for (const kind of allKinds) run(kind)
  })
}

each("openai-js's chat completions", (kind) => {
  test(`have the counts of ${kind}, and in a stream only if they were asked for`, async (t) => {
    const { url } = await stage(t, kind)
    const { choices, usage, object, model: named } = await clientOf(url).chat.completions.create({ model, messages })
    assert.deepEqual([object, named, choices.length], ['chat.completion', model, 1])
    assert.equal(choices[0]?.finish_reason, 'stop')
    assert.deepEqual([usage?.prompt_tokens, usage?.completion_tokens, usage?.total_tokens], [4, 12, 16])
    for (const wantsUsage of [false, true]) {
      const stream = await clientOf(url).chat.completions.create({
        model,
        messages,
        stream: true,
        ...(wantsUsage && { stream_options: { include_usage: true } }),
      })
      const reasons: string[] = []
      const counts: (readonly [number, number])[] = []
      for await (const {
        choices: [choice],
        usage: counted,
      } of stream) {
        if (counted) counts.push([counted.prompt_tokens, counted.completion_tokens])
        else assert.ok(choice !== undefined)
        if (choice?.finish_reason) reasons.push(choice.finish_reason)
      }
      assert.deepEqual(reasons, ['stop'])
      assert.deepEqual(counts, wantsUsage ? [[4, 12]] : [])
    }
  })

  test(`of ${kind} are limited by either name for it`, async (t) => {
    const { url } = await stage(t, kind)
    for (const limit of [{ max_tokens: 5 }, { max_completion_tokens: 5 }]) {
      const { choices } = await clientOf(url).chat.completions.create({ model, messages, ...limit })
      assert.deepEqual([choices[0]?.message.content, choices[0]?.finish_reason], [recital(asked, 5), 'length'])
    }
  })

  test(`of ${kind} are JSON of a schema`, async (t) => {
    const { url } = await stage(t, kind)
    const { choices } = await clientOf(url).chat.completions.parse({
      model,
      messages,
      response_format: { type: 'json_schema', json_schema: { name: 'person', schema: person, strict: true } },
    })
    assert.deepEqual(Object.keys(choices[0]?.message.parsed ?? {}), ['name', 'age'])
  })

  test(`of ${kind} have thoughts and words apart`, async (t) => {
    const { url } = await stage(t, kind, thinker)
    const stream = await clientOf(url).chat.completions.create({
      model,
      messages,
      stream: true,
      reasoning_effort: 'high',
    })
    let thoughts = ''
    let words = ''
    for await (const { choices } of stream) {
      const delta: { content?: string | null; reasoning?: string; reasoning_content?: string } = choices[0]?.delta ?? {}
      thoughts += delta.reasoning ?? delta.reasoning_content ?? ''
      words += delta.content ?? ''
    }
    assert.deepEqual([thoughts, words], [thought(asked), recital(asked)])
  })

  test(`bring an image to ${kind} in its own form`, async (t) => {
    const { url, server } = await stage(t, kind, {
      server: { models: [{ name: model, contextTokens: 8_192, sees: true }] },
    })
    const image = { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${pixel}` } }
    const content = [{ type: 'text' as const, text: asked }, image]
    const { choices } = await clientOf(url).chat.completions.create({ model, messages: [{ role: 'user', content }] })
    assert.equal(choices[0]?.message.content, recital(asked))
    const [message] = server.heard[0]!['messages'] as [Record<string, unknown>]
    const theirs: Partial<Record<Kind, unknown>> = {
      ollama: { role: 'user', content: asked, images: [pixel] },
      anthropic: {
        role: 'user',
        content: [
          { type: 'text', text: asked },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } },
        ],
      },
    }
    assert.deepEqual(message, theirs[kind] ?? { role: 'user', content })
  })
})

each("openai-js's responses", (kind) => {
  test(`of ${kind} say how they ended, and count`, async (t) => {
    const { url } = await stage(t, kind)
    const { responses } = clientOf(url)
    const whole = await responses.create({ model, input: asked, instructions: 'Be kind.' })
    assert.deepEqual(
      [whole.object, whole.status, whole.output_text, whole.instructions],
      ['response', 'completed', recital(asked), 'Be kind.'],
    )
    assert.equal(whole.usage?.output_tokens, 12)
    const cut = await responses.stream({ model, input: asked, max_output_tokens: 5 }).finalResponse()
    assert.deepEqual(
      [cut.status, cut.incomplete_details?.reason, cut.output_text],
      ['incomplete', 'max_output_tokens', recital(asked, 5)],
    )
  })

  test(`of ${kind} are JSON of a schema`, async (t) => {
    const { url } = await stage(t, kind)
    const format = { type: 'json_schema' as const, name: 'person', schema: person, strict: true }
    const { output_parsed: parsed } = await clientOf(url).responses.parse({ model, input: asked, text: { format } })
    assert.deepEqual(Object.keys(parsed ?? {}), ['name', 'age'])
  })

  test(`of ${kind} tell thoughts as a summary`, async (t) => {
    const { url } = await stage(t, kind, thinker)
    const { output, output_text: text } = await clientOf(url).responses.create({
      model,
      input: asked,
      reasoning: { effort: 'high' },
    })
    assert.equal(text, recital(asked))
    const [reasoning] = output
    assert.ok(reasoning?.type === 'reasoning')
    assert.equal(reasoning.summary.map(({ text: said }) => said).join(''), thought(asked))
  })

  test(`before ${kind} are refused that refer to what nobody keeps`, async (t) => {
    const { url, server } = await stage(t, kind)
    const asking = clientOf(url).responses.create({ model, input: asked, previous_response_id: 'resp_1' })
    await assert.rejects(
      asking,
      (error) => error instanceof OpenAI.APIError && /previous_response_id|resp_1/.test(error.message),
    )
    assert.equal(server.ledger.whole, 0)
  })
})

each("openai-js's completions", (kind) => {
  if (kind === 'anthropic') return
  test(`of ${kind} count, and say why they ended`, async (t) => {
    const { url } = await stage(t, kind)
    const { completions } = clientOf(url)
    const { choices, usage, object } = await completions.create({ model, prompt: asked, max_tokens: 5 })
    assert.deepEqual(
      [object, choices[0]?.text, choices[0]?.finish_reason],
      ['text_completion', recital(asked, 5), 'length'],
    )
    assert.equal(usage?.completion_tokens, 5)
  })
})
