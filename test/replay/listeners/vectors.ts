import assert from 'node:assert/strict'
import { count, fields, type Heard, list, type Listener, nothing, someText } from './listener.ts'
import { ollamaChat } from './ollama.ts'
import { hearRefusal, statuses, word } from './openai.ts'

const none = { stop: '', length: '', 'tool-calls': '', 'content-filter': '' } as const

const vectorIn = (value: unknown): number[] =>
  list(value, 'a vector').map((number) => {
    assert.ok(Number.isFinite(number), 'a vector is made of numbers')
    return number as number
  })

const hello = (texts = 1): string[] => Array.from({ length: texts }, () => 'hello')

function noStream(): never {
  throw new Error('Vectors do not come as a stream.')
}

export const openAiEmbeddings: Listener = {
  path: '/v1/embeddings',
  reasons: none,
  ask: ({ model, texts }) => ({ model, input: hello(texts) }),
  hearWhole: (answer) => {
    const { object, data, model, usage } = fields(answer, 'the answer')
    assert.equal(object, 'list')
    const { prompt_tokens: prompt, total_tokens: total } = fields(usage, 'usage')
    assert.equal(count(prompt, 'prompt_tokens'), total)
    const vectors = list(data, 'data').map((one, at) => {
      const { object: type, index, embedding } = fields(one, 'embedding')
      assert.deepEqual([type, index], ['embedding', at])
      return vectorIn(typeof embedding === 'string' ? floatsIn(embedding) : embedding)
    })
    const counts = { prompt: prompt as number, output: 0, cached: undefined }
    return { ...nothing, vectors, usage: counts, model: someText(model, 'model'), isWhole: true }
  },
  hearStream: noStream,
  hearBreak: noStream,
  hearRefusal,
  statuses,
  word,
}

/** The form that the official clients ask for. */
export const openAiEmbeddingsBase64: Listener = {
  ...openAiEmbeddings,
  ask: ({ model, texts }) => ({ model, input: hello(texts), encoding_format: 'base64' }),
  hearWhole: (answer) => {
    for (const one of list(fields(answer, 'the answer')['data'], 'data'))
      assert.equal(typeof fields(one, 'embedding')['embedding'], 'string', 'whoever asks for base64 gets base64')
    return openAiEmbeddings.hearWhole(answer)
  },
}

export const ollamaEmbed: Listener = {
  ...ollamaChat,
  path: '/api/embed',
  reasons: none,
  ask: ({ model, texts }) => ({ model, input: hello(texts) }),
  hearWhole: (answer) => {
    const { model, embeddings, prompt_eval_count: prompt } = fields(answer, 'the answer')
    const vectors = list(embeddings, 'embeddings').map(vectorIn)
    const usage = prompt === undefined ? undefined : { prompt: count(prompt, 'count'), output: 0, cached: undefined }
    return { ...nothing, vectors, usage, model: someText(model, 'model'), isWhole: true }
  },
  hearStream: noStream,
}

export const ollamaEmbeddings: Listener = {
  ...ollamaEmbed,
  path: '/api/embeddings',
  ask: ({ model }) => ({ model, prompt: 'hello' }),
  hearWhole: (answer): Heard => {
    const { embedding } = fields(answer, 'the answer')
    return { ...nothing, vectors: [vectorIn(embedding)], isWhole: true }
  },
}

function floatsIn(base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64')
  assert.equal(bytes.length % 4, 0)
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4))
}
