import { chanceOf, hash32 } from './chance.ts'

/**
 * What a simulated server says is known beforehand to whoever knows the question, so a word that was lost, doubled, put
 * in disorder or meant for somebody else shows. A word is a token.
 */
export const tagOf = (question: string): string => hash32(question).toString(36)

/** Signs of one byte, and now and then of two or four, so that it matters where a stream is cut. */
const signs = ['.', '.', '.', 'ü', '.', '.', '.', '🦊']

export const wordOf = (tag: string, index: number): string => `${tag}${signs[index % signs.length]}${index} `

/** What is only hummed is the same from beginning to end, and soon made: for answers that nobody listens to. */
export const hum = 'hmm '

export const isHummed = (question: string): boolean => /\bhum \d/i.test(question)

/** Takes the place of nothing else, so that a prompt is as long as it was. */
export const hummed = (question: string): string => question.replace(': say ', ': hum ')

/** How many words an answer has when nothing cuts it short. `Say 40 words.` in the question settles it. */
export function wordsIn(question: string): number {
  const wished = /\b(?:say|hum) (\d{1,6}) words\b/i.exec(question)
  return wished === null ? 24 + (hash32(question) % 64) : Math.max(Number(wished[1]), 1)
}

/** The answer to a question, or its first words. */
export function recital(question: string, words: number = wordsIn(question)): string {
  const tag = tagOf(question)
  let text = ''
  for (let index = 0; index < words; index += 1) text += wordOf(tag, index)
  return text
}

/** What a model that thinks says to itself before it answers. */
export function thought(question: string): string {
  const tag = tagOf(question)
  return Array.from({ length: thoughtsIn(question) }, (_, index) => thoughtOf(tag, index)).join('')
}

export const thoughtOf = (tag: string, index: number): string => `hm${signs[index % signs.length]}${tag}?${index} `

export const thoughtsIn = (question: string): number => 3 + (hash32(`why ${question}`) % 6)

/** What a text looks like to a model that makes vectors: of length 1, and single precision, whichever way they travel. */
export function vectorOf(text: string, dimensions: number): number[] {
  const chance = chanceOf(0, text)
  const raw = Array.from({ length: dimensions }, () => chance() * 2 - 1)
  const length = Math.hypot(...raw)
  return raw.map((value) => Math.fround(value / length))
}

/** A value that a schema allows; without a schema, an object with one answer. */
export function sampleOf(schema: unknown, tag: string): unknown {
  if (typeof schema !== 'object' || schema === null) return { answer: tag }
  const { type, properties, items, enum: choices, const: fixed } = schema as Record<string, unknown>
  if (fixed !== undefined) return fixed
  if (Array.isArray(choices)) return choices[0] as unknown
  if (typeof properties === 'object' && properties !== null) {
    return Object.fromEntries(Object.entries(properties).map(([key, inner]) => [key, sampleOf(inner, tag)]))
  }
  const first: unknown = Array.isArray(type) ? type[0] : type
  if (first === 'integer' || first === 'number') return 7
  if (first === 'boolean') return true
  if (first === 'null') return null
  if (first === 'array') return [sampleOf(items ?? { type: 'string' }, tag)]
  if (first === 'object') return {}
  return tag
}
