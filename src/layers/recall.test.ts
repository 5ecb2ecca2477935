import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ask } from '../core/ask.ts'
import type { Json } from '../core/json.ts'
import type { Reply } from '../core/reply.ts'
import { openAiResponses } from '../dialects/openai-responses.ts'
import { recall } from './recall.ts'

const said = { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: 'It is 4.' }] }
const named = { type: 'item_reference', id: 'msg_1' }

const askOf = (body: Json, caller = 'one'): Ask =>
  ({
    dialect: 'openai-responses',
    caller: { id: caller },
    body,
    needs: openAiResponses.glance(body).needs,
  }) as unknown as Ask

const frames = `event: response.output_item.done\ndata: ${JSON.stringify({ type: 'response.output_item.done', item: said })}\n\n`

/** A gateway that says the same to everybody, and what it was asked last. */
function house(): { ask: (body: Json, caller?: string) => Promise<Ask> } {
  let heard: Ask | undefined
  const serve = recall({
    recallOf: () => openAiResponses.recall,
    glanceOf: (_, body) => openAiResponses.glance(body),
  })((ask) => {
    heard = ask
    const body = (async function* () {
      yield Buffer.from(frames)
    })()
    return Promise.resolve({ body } as unknown as Reply)
  })
  return {
    ask: async (body, caller) => {
      const reply = await serve(askOf(body, caller))
      for await (const _ of reply.body);
      return heard!
    },
  }
}

const first = { model: 'm', input: 'What is 2 + 2?' }
const second = { model: 'm', input: [named, { role: 'user', content: 'Sure?' }] }

test('what was said stands where its name was, and the request needs no memory elsewhere', async () => {
  const { ask } = house()
  await ask(first)
  const heard = await ask(second)
  assert.deepEqual((heard.body['input'] as unknown[])[0], said)
  assert.deepEqual(heard.needs, ['chat'])
})

test('what another caller was told, or was not to be stored, is not known', async () => {
  const { ask } = house()
  await ask(first, 'other')
  await ask({ ...first, store: false })
  const heard = await ask(second)
  assert.deepEqual((heard.body['input'] as unknown[])[0], named)
  assert.ok(heard.needs.includes('memory'))
})

test('what is remembered is bounded: the oldest goes first', async () => {
  const long = 'x'.repeat(200_000)
  let told = 0
  let heard: Ask | undefined
  const serve = recall({ recallOf: () => openAiResponses.recall, glanceOf: (_, body) => openAiResponses.glance(body) })(
    (ask) => {
      heard = ask
      told += 1
      const item = { ...said, id: `msg_${told}`, content: [{ type: 'output_text', text: long }] }
      const body = (async function* () {
        yield Buffer.from(JSON.stringify({ object: 'response', output: [item] }))
      })()
      return Promise.resolve({ body } as unknown as Reply)
    },
  )
  for (let i = 0; i < 100; i += 1) for await (const _ of (await serve(askOf(first))).body);
  const isKnown = async (id: string): Promise<boolean> => {
    await serve(askOf({ model: 'm', input: [{ type: 'item_reference', id }] }))
    return !heard!.needs.includes('memory')
  }
  assert.deepEqual([await isKnown('msg_1'), await isKnown('msg_100')], [false, true])
})
