import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listen } from '../../bench/virtual/trip.ts'

const chunk = (delta: object): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`
const greeting = chunk({ role: 'assistant', content: '' })
const word = chunk({ content: 'word' })
const broken = 'data: {"error":{"message":"It broke.","type":"server_error","param":null,"code":"upstream_error"}}\n\n'

async function heard(...reads: readonly string[]): Promise<[ending: string, words: number]> {
  let words = 0
  const ending = await listen(
    (async function* () {
      for (const text of reads) yield await Promise.resolve(Buffer.from(text))
    })(),
    () => (words += 1),
  )
  return [ending, words]
}

test('a first word is heard, even where the news that there is no second comes in the same read', async () => {
  assert.deepEqual(await heard(greeting + word + broken), ['broken', 1])
  assert.deepEqual(await heard(greeting, word, broken), ['broken', 1])
  assert.deepEqual(await heard(greeting + broken), ['broken', 0])
  assert.deepEqual(await heard(greeting + word, word, 'data: [DONE]\n\n'), ['whole', 1])
})
