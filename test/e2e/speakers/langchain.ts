import { ChatAnthropic } from '@langchain/anthropic'
import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import { type AIMessageChunk, HumanMessage, ToolMessage } from '@langchain/core/messages'
import { ChatOllama, OllamaEmbeddings } from '@langchain/ollama'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { model as usual } from '../rig.ts'
import {
  type Embedder,
  fetching,
  hearing,
  type Speaker,
  type Told,
  toldByFields,
  usualClasses,
  weather,
  type Wishes,
} from './speaker.ts'

/** Nothing of what it does goes to anybody else. */
process.env['LANGCHAIN_TRACING_V2'] = 'false'
process.env['LANGSMITH_TRACING'] = 'false'

type ChatAt = (url: string, wishes: Wishes) => BaseChatModel

const openAiAt =
  (useResponsesApi: boolean): ChatAt =>
  (url, wishes) =>
    new ChatOpenAI({
      model: wishes.model ?? usual,
      apiKey: wishes.key ?? 'none',
      configuration: { baseURL: `${url}/v1`, ...fetching(wishes, true) },
      maxRetries: wishes.retries ?? 0,
      useResponsesApi,
      ...(wishes.limit !== undefined && { maxTokens: wishes.limit }),
    })

const ollamaAt: ChatAt = (url, wishes) =>
  new ChatOllama({
    model: wishes.model ?? usual,
    baseUrl: url,
    maxRetries: wishes.retries ?? 0,
    ...(wishes.key !== undefined && { headers: { authorization: `Bearer ${wishes.key}` } }),
    ...(wishes.limit !== undefined && { numPredict: wishes.limit }),
    // Its own signal is looked at only between two pieces of an answer.
    ...fetching(wishes, false),
  })

const anthropicAt: ChatAt = (url, wishes) =>
  new ChatAnthropic({
    model: wishes.model ?? usual,
    anthropicApiUrl: url,
    apiKey: wishes.key ?? 'none',
    maxRetries: wishes.retries ?? 0,
    maxTokens: wishes.limit ?? 4_000,
    clientOptions: fetching(wishes, true),
  })

function speakerOf(title: string, dialect: string, at: ChatAt, raises: Speaker['raises']): Speaker {
  return {
    name: `LangChain's ${title}`,
    dialect,
    told,
    raises,
    async chat(url, question, wishes = {}) {
      return (await at(url, wishes).invoke(question, signalled(wishes))).text
    },
    async stream(url, question, wishes = {}) {
      const heard = hearing(wishes)
      for await (const { text } of await at(url, wishes).stream(question, signalled(wishes))) heard.hear(text)
      wishes.signal?.throwIfAborted()
      return heard.text
    },
    async call(url, question, wishes) {
      const { name, description, schema: parameters } = weather
      const tool = { type: 'function' as const, function: { name, description, parameters } }
      const chat = at(url, wishes).bindTools!([tool])
      const asked = [new HumanMessage(question)]
      const message = wishes.streamed ? await gathered(await chat.stream(asked)) : await chat.invoke(asked)
      const call = message.tool_calls![0]!
      return {
        name: call.name,
        input: call.args,
        after: async (content) => {
          const result = new ToolMessage({ tool_call_id: call.id!, name: call.name, content })
          return (await chat.invoke([...asked, message, result])).text
        },
      }
    },
  }
}

/** Of a prompt that does not fit it makes an error of its own, around the one that came. */
function told(error: unknown): Told {
  const { name, cause } = error as Error
  return name === 'ContextOverflowError' ? { ...toldByFields(cause), raised: name } : toldByFields(error)
}

const raises = ({ status, message }: Told): string =>
  /maximum context length|prompt is too long/.test(message)
    ? 'ContextOverflowError'
    : (usualClasses[status] ?? 'InternalServerError')

async function gathered(stream: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk> {
  let whole: AIMessageChunk | undefined
  for await (const piece of stream) whole = whole === undefined ? piece : whole.concat(piece)
  return whole!
}

const signalled = ({ signal }: Wishes): { signal?: AbortSignal } => (signal === undefined ? {} : { signal })

export const langChainSpeakers: readonly Speaker[] = [
  speakerOf('ChatOpenAI', 'openai-chat', openAiAt(false), raises),
  speakerOf('ChatOpenAI, responses', 'openai-responses', openAiAt(true), raises),
  speakerOf('ChatOllama', 'ollama-chat', ollamaAt, () => 'ResponseError'),
  speakerOf('ChatAnthropic', 'anthropic-messages', anthropicAt, raises),
]

export const langChainEmbedders: readonly Embedder[] = [
  {
    name: "LangChain's OpenAIEmbeddings",
    dialect: 'openai-embeddings',
    told: toldByFields,
    embed: (url, texts, wishes = {}) =>
      new OpenAIEmbeddings({
        model: wishes.model ?? usual,
        apiKey: wishes.key ?? 'none',
        configuration: { baseURL: `${url}/v1` },
        maxRetries: wishes.retries ?? 0,
      }).embedDocuments([...texts]),
  },
  {
    name: "LangChain's OllamaEmbeddings",
    dialect: 'ollama-embed',
    told: toldByFields,
    embed: (url, texts, wishes = {}) =>
      new OllamaEmbeddings({
        model: wishes.model ?? usual,
        baseUrl: url,
        maxRetries: wishes.retries ?? 0,
        ...(wishes.key !== undefined && { headers: { authorization: `Bearer ${wishes.key}` } }),
      }).embedDocuments([...texts]),
  },
]
