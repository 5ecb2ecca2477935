import { anthropicMessages } from './anthropic-messages.ts'
import type { Listener } from './listener.ts'
import { ollamaChat, ollamaGenerate } from './ollama.ts'
import { openAiChat } from './openai-chat.ts'
import { openAiCompletions } from './openai-completions.ts'
import { openAiResponses } from './openai-responses.ts'
import { ollamaEmbed, ollamaEmbeddings, openAiEmbeddings } from './vectors.ts'

export type { Heard, Listener, Told, Wish } from './listener.ts'

/** A client for each dialect, by the dialect's id. */
export const listeners: Readonly<Record<string, Listener>> = {
  'openai-chat': openAiChat,
  'openai-responses': openAiResponses,
  'anthropic-messages': anthropicMessages,
  'ollama-chat': ollamaChat,
  'openai-completions': openAiCompletions,
  'ollama-generate': ollamaGenerate,
  'openai-embeddings': openAiEmbeddings,
  'ollama-embed': ollamaEmbed,
  'ollama-embeddings': ollamaEmbeddings,
}
