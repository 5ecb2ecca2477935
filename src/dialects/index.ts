import type { Dialect, TalkDialect, VectorDialect } from '../core/dialect.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import { ollamaChat } from './ollama-chat.ts'
import { ollamaEmbed } from './ollama-embed.ts'
import { ollamaEmbeddings } from './ollama-embeddings.ts'
import { ollamaGenerate } from './ollama-generate.ts'
import { openAiChat } from './openai-chat.ts'
import { openAiCompletions } from './openai-completions.ts'
import { openAiEmbeddings } from './openai-embeddings.ts'
import { openAiResponses } from './openai-responses.ts'

/** Every wire format that is spoken here. One more is one more file and one more line. */
export const dialects: readonly Dialect[] = [
  openAiChat,
  openAiCompletions,
  openAiEmbeddings,
  openAiResponses,
  anthropicMessages,
  ollamaChat,
  ollamaGenerate,
  ollamaEmbed,
  ollamaEmbeddings,
]

const byId: ReadonlyMap<string, Dialect> = new Map(dialects.map((dialect) => [dialect.id, dialect]))

export function dialectById(id: string): Dialect | undefined {
  return byId.get(id)
}

/** One in which models speak. */
export function talkById(id: string): TalkDialect | undefined {
  const dialect = byId.get(id)
  return dialect?.form === 'talk' ? dialect : undefined
}

/** One in which texts become vectors. */
export function vectorsById(id: string): VectorDialect | undefined {
  const dialect = byId.get(id)
  return dialect?.form === 'vectors' ? dialect : undefined
}
