import type { Question } from '../answer.ts'
import { tokensIn } from '../prefixes.ts'
import { vectorOf } from '../recital.ts'
import type { Scribe } from '../telling.ts'
import type { Accent } from './accents.ts'
import { shortened, vectorQuestion } from './ollama-embed.ts'
import { type Json, positive } from './request.ts'

/** What a body asks, or what is wrong with it: a text, several, or lists of tokens, where the server takes those. */
export function readOpenAiEmbeddings(body: Json, takesTokens: boolean, accent: Accent): Question | string {
  if (typeof body['model'] !== 'string') return accent.missing.model
  const { input } = body
  const list = typeof input === 'string' || isTokens(input) ? [input] : input
  if (!Array.isArray(list) || list.length === 0) return 'input: a text or a list of texts is wanted'
  const texts = list.map((one) =>
    typeof one === 'string' ? one : takesTokens && isTokens(one) ? one.join(' ') : undefined,
  )
  return texts.every((text) => text !== undefined) ? vectorQuestion(body['model'], texts) : 'invalid input type'
}

const isTokens = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((token) => typeof token === 'number')

export function openAiEmbeddingsScribe(question: Question, body: Json, accent: Accent, dimensions: number): Scribe {
  const wished = positive(body['dimensions']) ?? dimensions
  const isPacked = body['encoding_format'] === 'base64'
  const fail = (status: number): string => accent.error(status, 'The engine broke down.')
  return {
    streamType: 'application/json',
    head: 'with a token',
    thought: () => '',
    token: () => '',
    closing: () => '',
    trouble: () => '',
    whole() {
      const vectors = question.texts!.map((text) => shortened(vectorOf(text, dimensions), wished))
      const data = vectors.map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: isPacked ? packed(vector) : vector,
        ...(isPacked && accent.namesPacking && { encoding_format: 'base64' }),
      }))
      const tokens = question.texts!.reduce((sum, text) => sum + tokensIn(text), 0)
      return JSON.stringify({
        object: 'list',
        data,
        model: question.model,
        usage: { prompt_tokens: tokens, total_tokens: tokens },
      })
    },
    refusal: (status) => ({ status, text: fail(status) }),
  }
}

/** Single precision, the lesser byte first, in base64. */
const packed = (vector: readonly number[]): string => Buffer.from(Float32Array.from(vector).buffer).toString('base64')
