import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  APICallError,
  embedMany,
  type EmbeddingModel,
  generateText,
  jsonSchema,
  type LanguageModel,
  type ModelMessage,
  streamText,
  tool,
  type ToolSet,
} from 'ai'
import { model as usual } from '../rig.ts'
import {
  type Embedder,
  fetching,
  hearing,
  type Speaker,
  type Told,
  toldByFields,
  weather,
  type Wishes,
} from './speaker.ts'

/** What it thinks of settings that are not OpenAI's it would print. */
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })

/** A model of the AI SDK, in the form one of its providers gives it. */
type ModelAt = (url: string, wishes: Wishes) => LanguageModel

const optionsOf = (url: string, wishes: Wishes): { baseURL: string; apiKey: string; fetch?: typeof fetch } => ({
  // Anthropic's too has to end so.
  baseURL: `${url}/v1`,
  apiKey: wishes.key ?? 'none',
  ...fetching(wishes, true),
})

export const openAiChatAt: ModelAt = (url, wishes) => createOpenAI(optionsOf(url, wishes)).chat(wishes.model ?? usual)

export const openAiResponsesAt: ModelAt = (url, wishes) => createOpenAI(optionsOf(url, wishes))(wishes.model ?? usual)

export const anthropicAt: ModelAt = (url, wishes) => createAnthropic(optionsOf(url, wishes))(wishes.model ?? usual)

export const compatibleAt: ModelAt = (url, wishes) =>
  createOpenAICompatible({
    ...optionsOf(url, wishes),
    name: 'spillway',
    includeUsage: true,
    supportsStructuredOutputs: true,
  })(wishes.model ?? usual)

interface Call {
  readonly model: LanguageModel
  readonly maxRetries: number
  readonly maxOutputTokens?: number
  readonly abortSignal?: AbortSignal
}

function speakerOf(name: string, dialect: string, at: ModelAt): Speaker {
  const callOf = (url: string, wishes: Wishes): Call => ({
    model: at(url, wishes),
    maxRetries: wishes.retries ?? 0,
    ...(wishes.limit !== undefined && { maxOutputTokens: wishes.limit }),
    ...(wishes.signal !== undefined && { abortSignal: wishes.signal }),
  })
  return {
    name: `the AI SDK (${name})`,
    dialect,
    told,
    raises: () => 'AI_APICallError',
    async chat(url, question, wishes = {}) {
      return (await generateText({ ...callOf(url, wishes), prompt: question })).text
    },
    async stream(url, question, wishes = {}) {
      const heard = hearing(wishes)
      // It raises nothing by itself: errors are parts of the stream, and told to a callback that prints them by default.
      const { fullStream } = streamText({ ...callOf(url, wishes), prompt: question, onError: () => {} })
      for await (const part of fullStream) {
        if (part.type === 'error') throw part.error
        if (part.type === 'abort') throw new DOMException('The stream was aborted.', 'AbortError')
        if (part.type === 'text-delta') heard.hear(part.text)
        // Broken, it may end with this and without an error.
        if (part.type === 'finish' && !sound.has(part.finishReason))
          throw new Error(`It ended with ${part.finishReason}.`)
      }
      return heard.text
    },
    async call(url, question, wishes) {
      const call = { ...callOf(url, wishes), tools }
      const asked: ModelMessage[] = [{ role: 'user', content: question }]
      const answer = wishes.streamed
        ? streamText({ ...call, messages: asked, onError: () => {} })
        : await generateText({ ...call, messages: asked })
      const [called] = await answer.toolCalls
      const reason = await answer.finishReason
      if (called === undefined || reason !== 'tool-calls') throw new Error(`It ended with ${reason}, not with a call.`)
      const { toolCallId, toolName, input } = called
      const { messages } = await answer.response
      return {
        name: toolName,
        input,
        after: async (value) => {
          const output = { type: 'text' as const, value }
          const result: ModelMessage = {
            role: 'tool',
            content: [{ type: 'tool-result', toolCallId, toolName, output }],
          }
          return (await generateText({ ...call, messages: [...asked, ...messages, result] })).text
        },
      }
    },
  }
}

const tools: ToolSet = { weather: tool({ description: weather.description, inputSchema: jsonSchema(weather.schema) }) }

const sound: ReadonlySet<string> = new Set(['stop', 'length', 'tool-calls'])

function told(error: unknown): Told {
  if (!APICallError.isInstance(error)) return toldByFields(error)
  const { statusCode = 0, message, data, responseHeaders } = error
  const { code } = (data as { error?: { code?: string | null } } | undefined)?.error ?? {}
  return {
    status: statusCode,
    message,
    raised: error.name,
    code: code ?? undefined,
    header: (name) => responseHeaders?.[name],
  }
}

export const aiSpeakers: readonly Speaker[] = [
  speakerOf('openai-compatible', 'openai-chat', compatibleAt),
  speakerOf('openai, chat', 'openai-chat', openAiChatAt),
  speakerOf('openai, responses', 'openai-responses', openAiResponsesAt),
  speakerOf('anthropic', 'anthropic-messages', anthropicAt),
]

type VectorsAt = (url: string, wishes: Wishes) => EmbeddingModel

const embedders: Readonly<Record<string, VectorsAt>> = {
  openai: (url, wishes) => createOpenAI(optionsOf(url, wishes)).embedding(wishes.model ?? usual),
  'openai-compatible': (url, wishes) =>
    createOpenAICompatible({ ...optionsOf(url, wishes), name: 'spillway' }).embeddingModel(wishes.model ?? usual),
}

export const aiEmbedders: readonly Embedder[] = Object.entries(embedders).map(([name, at]) => ({
  name: `the AI SDK (${name}, embeddings)`,
  dialect: 'openai-embeddings',
  told,
  async embed(url, texts, wishes = {}) {
    const { embeddings } = await embedMany({
      model: at(url, wishes),
      values: [...texts],
      maxRetries: wishes.retries ?? 0,
    })
    return embeddings
  },
}))
