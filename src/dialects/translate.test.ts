import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ollamaChat } from './ollama-chat.ts'
import { openAiChat } from './openai-chat.ts'
import { collectFrom, translate, type Seen } from './translate.ts'

const about = { id: 'x', model: 'mine', promptTokens: 7, createdMs: 0, wantsUsage: true, epochMs: () => 0 }
const hello = 'data: {"choices":[{"delta":{"content":"hello"}}]}\n\n'
const stop = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n'

interface Source extends AsyncIterable<Uint8Array> {
  closed: boolean
}

function source(chunks: readonly (string | Error)[]): Source {
  const made: Source = {
    closed: false,
    async *[Symbol.asyncIterator]() {
      try {
        for (const chunk of chunks) {
          if (chunk instanceof Error) throw chunk
          yield Buffer.from(chunk)
        }
      } finally {
        made.closed = true
      }
    },
  }
  return made
}

const translating = { from: openAiChat, to: ollamaChat, about, oneCall: false }
const nothingSeen = (): Seen => ({ usage: undefined, frames: 0, ended: false })

async function heard(body: Source, seen = nothingSeen()): Promise<{ text: string; error: unknown; seen: Seen }> {
  let text = ''
  try {
    for await (const bytes of translate(body, translating, seen)) text += Buffer.from(bytes).toString()
  } catch (error) {
    return { text, error, seen }
  }
  return { text, error: undefined, seen }
}

test('a stream without [DONE] that said why it ended is whole', async () => {
  const { text, error, seen } = await heard(source([hello, stop]))
  assert.equal(error, undefined)
  assert.ok(text.includes('"done":true') && seen.ended)
})

test('a stream that just ends is a fault, and never has an end of its own', async () => {
  const { text, error, seen } = await heard(source([hello]))
  assert.equal((error as { kind: string }).kind, 'upstream-broke')
  assert.ok(text.includes('hello') && !text.includes('"done":true') && !seen.ended)
})

test('what was said before an error in the same chunk is still heard, then the error', async () => {
  const body = source([`${hello}data: {"error":{"message":"it broke"}}\n\n`, stop])
  const { text, error } = await heard(body)
  assert.ok(text.includes('hello'))
  assert.match(String(error), /it broke/)
  assert.equal(body.closed, true)
})

test('what breaks behind the end takes nothing away from the answer', async () => {
  const { error } = await heard(source([hello, stop, 'data: [DONE]\n\n', new Error('reset')]))
  assert.equal(error, undefined)
  assert.match(String((await heard(source([hello, stop, new Error('reset')]))).error), /reset/)
})

test('frames are counted while they carry content', async () => {
  const usage = 'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'
  const { seen } = await heard(source([': ping\n\n', hello, hello, stop, usage]))
  assert.deepEqual(seen, { usage: { promptTokens: 1, outputTokens: 2 }, frames: 2, ended: true })
})

test('a caller who stops reading closes the source', async () => {
  const body = source([hello, hello, stop])
  for await (const _ of translate(body, translating, nothingSeen())) break
  assert.equal(body.closed, true)
})

test('a stream becomes one answer, or a fault if it was not whole', async () => {
  const answer = await collectFrom(source([hello, stop]), translating, nothingSeen())
  assert.deepEqual(
    [answer['model'], answer['message'], answer['done']],
    ['mine', { role: 'assistant', content: 'hello' }, true],
  )
  await assert.rejects(collectFrom(source([hello]), translating, nothingSeen()), {
    kind: 'upstream-broke',
  })
})

test('a caller who takes one call at a time gets the first of several', async () => {
  const call = (index: number): string =>
    `data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":${index},"id":"c${index}","function":{"name":"f${index}","arguments":"{}"}}]}}]}\n\n`
  const body = source([call(0), call(1), stop])
  const answer = await collectFrom(body, { ...translating, oneCall: true }, nothingSeen())
  const { tool_calls: calls } = answer['message'] as { tool_calls: { function: { name: string } }[] }
  assert.deepEqual(
    calls.map((one) => one.function.name),
    ['f0'],
  )
})
