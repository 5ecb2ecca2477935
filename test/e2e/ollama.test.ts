import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Message, Ollama } from 'ollama'
import { recital, thought } from '../../src/sim/recital.ts'
import { model, pixel, stage } from './rig.ts'
import { ollamaChat, ollamaEmbedders, ollamaGenerate } from './speakers/ollama.ts'
import { table, vectorTable } from './table.ts'
import { allKinds } from './witness.ts'

table([ollamaChat, ollamaGenerate])
vectorTable(ollamaEmbedders)

const asked = 'Say 12 words.'
const messages: Message[] = [{ role: 'user', content: asked }]
const schema = { type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer' } } }

suite('ollama-js', { concurrency: 8 }, () => {
  for (const kind of allKinds) {
    test(`ollama-js has the counts of ${kind}, at the end of a stream too`, async (t) => {
      const { url } = await stage(t, kind)
      const client = new Ollama({ host: url })
      const whole = await client.chat({ model, messages })
      assert.deepEqual([whole.model, whole.done, whole.done_reason], [model, true, 'stop'])
      assert.deepEqual([whole.prompt_eval_count, whole.eval_count], [4, 12])
      assert.ok(whole.total_duration > 0)
      const ends: unknown[] = []
      for await (const {
        done,
        done_reason: reason,
        prompt_eval_count: read,
        eval_count: said,
      } of await client.generate({
        model,
        prompt: asked,
        stream: true,
      })) {
        if (done) ends.push([reason, read, said])
      }
      assert.deepEqual(ends, [['stop', 4, 12]])
      const cut = await client.chat({ model, messages, options: { num_predict: 5 } })
      assert.equal(cut.done_reason, 'length')
    })

    test(`ollama-js gets JSON of its schema from ${kind}, chatting and generating`, async (t) => {
      const { url } = await stage(t, kind)
      const client = new Ollama({ host: url })
      const { message } = await client.chat({ model, messages, format: schema })
      assert.deepEqual(Object.keys(JSON.parse(message.content) as object), ['name', 'age'])
      const { response } = await client.generate({ model, prompt: asked, format: schema })
      assert.deepEqual(Object.keys(JSON.parse(response!) as object), ['name', 'age'])
    })

    test(`ollama-js hears the thoughts of ${kind} apart from its words`, async (t) => {
      const { url } = await stage(t, kind, {
        server: { models: [{ name: model, contextTokens: 64_000, thinks: true }] },
      })
      const client = new Ollama({ host: url })
      const heard = { thoughts: '', words: '' }
      for await (const { message } of await client.chat({ model, messages, stream: true, think: 'high' })) {
        heard.thoughts += message.thinking ?? ''
        heard.words += message.content
      }
      assert.deepEqual(heard, { thoughts: thought(asked), words: recital(asked) })
      const { thinking, response } = await client.generate({ model, prompt: asked, think: true })
      assert.deepEqual([thinking, response], [thought(asked), recital(asked)])
    })

    test(`ollama-js shows ${kind} an image`, async (t) => {
      const { url, server } = await stage(t, kind, {
        server: { models: [{ name: model, contextTokens: 8_192, sees: true }] },
      })
      const image = Buffer.from(pixel, 'base64')
      const { message } = await new Ollama({ host: url }).chat({
        model,
        messages: [{ role: 'user', content: asked, images: [image] }],
      })
      assert.equal(message.content, recital(asked))
      assert.ok(JSON.stringify(server.heard[0]).includes(pixel))
    })

    test(`ollama-js has a model of ${kind} loaded, by either of the two ways to say nothing`, async (t) => {
      const { url } = await stage(t, kind)
      const client = new Ollama({ host: url })
      const loaded = await client.generate({ model, prompt: '' })
      assert.deepEqual([loaded.done, loaded.done_reason, loaded.response], [true, 'load', ''])
      const { done, done_reason: reason } = await client.chat({ model, messages: [] })
      assert.deepEqual([done, reason], [true, 'load'])
      assert.ok((await client.ps()).models.some(({ name }) => name === model))
    })
  }

  test('ollama-js loads and unloads where nobody else has a say', async (t) => {
    const models = [model, 'phi4-mini:latest'].map((name) => ({ name, contextTokens: 8_192 }))
    const { url, server } = await stage(t, 'ollama', { server: { models, engine: { loadMs: 20, loadedMax: 1 } } })
    const client = new Ollama({ host: url })
    const present = async (): Promise<readonly string[]> => (await client.ps()).models.map(({ name }) => name)
    assert.deepEqual(await present(), [])
    assert.equal((await client.generate({ model, prompt: '' })).done_reason, 'load')
    assert.deepEqual(await present(), [model])
    assert.equal((await client.generate({ model, prompt: '', keep_alive: 0 })).done_reason, 'unload')
    assert.deepEqual(await present(), [])
    assert.deepEqual([server.ledger.loads, server.ledger.unloads, server.ledger.kills], [1, 1, 0])
  })
})
