import type { Question } from '../answer.ts'
import { tokensIn } from '../prefixes.ts'
import { vectorOf } from '../recital.ts'
import type { Scribe } from '../telling.ts'
import { brokeDown, busy, nanoseconds, ollamaError } from './ollama-line.ts'
import { type Json, positive } from './request.ts'

/** What a body asks, or what is wrong with it. */
export function readOllamaEmbed(body: Json): Question | string {
  if (typeof body['model'] !== 'string' || body['model'] === '') return 'model is required'
  const input = body['input'] ?? []
  const texts = typeof input === 'string' ? (input === '' ? [] : [input]) : input
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string')) return 'invalid input type'
  return vectorQuestion(body['model'], texts)
}

export function readOllamaEmbeddings(body: Json): Question | string {
  if (typeof body['model'] !== 'string' || body['model'] === '') return 'model is required'
  const { prompt = '' } = body
  return vectorQuestion(body['model'], typeof prompt === 'string' && prompt !== '' ? [prompt] : [])
}

export const vectorQuestion = (model: string, texts: readonly string[]): Question => ({
  model,
  stream: false,
  prompt: texts.join('\n'),
  asked: '',
  outputTokensMax: undefined,
  tool: undefined,
  format: undefined,
  texts,
})

/** Each text as it is read: no longer than the context, if it may be cut. */
export function textsWithin(texts: readonly string[], contextTokens: number): readonly string[] | undefined {
  return texts.every((text) => tokensIn(text) <= contextTokens) ? texts : undefined
}

export const cutTexts = (texts: readonly string[], contextTokens: number): readonly string[] =>
  texts.map((text) => text.slice(0, contextTokens * 4))

export function ollamaEmbedScribe(question: Question, body: Json, dimensions: number): Scribe {
  const wished = positive(body['dimensions']) ?? dimensions
  return {
    ...wordless,
    whole: (_, { run, endedAt }) =>
      JSON.stringify({
        model: question.model,
        embeddings: question.texts!.map((text) => shortened(vectorOf(text, dimensions), wished)),
        total_duration: nanoseconds(endedAt - run.submittedAt),
        ...(run.loadMs > 0 && { load_duration: nanoseconds(run.loadMs) }),
        prompt_eval_count: question.texts!.reduce((sum, text) => sum + tokensIn(text), 0),
      }),
  }
}

export const ollamaEmbeddingsScribe = (question: Question, dimensions: number): Scribe => ({
  ...wordless,
  whole: () => JSON.stringify({ embedding: vectorOf(question.texts![0]!, dimensions) }),
})

/** The first so many numbers, of length 1 again. */
export function shortened(vector: readonly number[], dimensions: number): number[] {
  if (dimensions >= vector.length) return [...vector]
  const head = vector.slice(0, dimensions)
  const length = Math.hypot(...head)
  return head.map((value) => Math.fround(value / length))
}

const wordless: Omit<Scribe, 'whole'> = {
  streamType: 'application/json',
  head: 'with a token',
  thought: () => '',
  token: () => '',
  closing: () => '',
  trouble: () => '',
  refusal: (status) => ({ status, text: ollamaError(status === 503 ? busy : brokeDown) }),
}
