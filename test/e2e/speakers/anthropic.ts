import Anthropic from '@anthropic-ai/sdk'
import Older from 'anthropic-sdk-0.122'
import { model as usual } from '../rig.ts'
import {
  fetching,
  hearing,
  type Speaker,
  toldByFields,
  Unended,
  usualClasses,
  weather,
  type Wishes,
} from './speaker.ts'

export type AnthropicClient = Pick<Anthropic, 'messages' | 'models'>

/** How one of the two live versions of the client is made. Each has its own header for the key, and its own API version. */
type Make = (url: string, wishes: Wishes) => AnthropicClient

export const newer: Make = (url, wishes) => new Anthropic(optionsOf(url, wishes))

/** The types that are used here have not changed between the two. */
export const older: Make = (url, wishes) => new Older(optionsOf(url, wishes)) as unknown as AnthropicClient

interface Options {
  readonly baseURL: string
  readonly apiKey: string
  readonly authToken: null
  readonly maxRetries: number
  readonly fetch?: typeof fetch
}

const optionsOf = (url: string, wishes: Wishes): Options => ({
  baseURL: url,
  apiKey: wishes.key ?? 'none',
  authToken: null,
  maxRetries: wishes.retries ?? 0,
  ...fetching(wishes, true),
})

/** It has to be named; as much as a small model has room for. */
const usualLimit = 4_000

function speakerOf(name: string, at: Make, classes: Readonly<Record<number, string>>): Speaker {
  return {
    name,
    dialect: 'anthropic-messages',
    told: toldByFields,
    raises: ({ status }) => classes[status] ?? 'InternalServerError',
    async chat(url, question, wishes = {}) {
      const { signal } = wishes
      return textOf(await at(url, wishes).messages.create(bodyOf(question, wishes), { signal }))
    },
    async stream(url, question, wishes = {}) {
      const { signal } = wishes
      const heard = hearing(wishes)
      let ended = false
      const stream = await at(url, wishes).messages.create({ ...bodyOf(question, wishes), stream: true }, { signal })
      for await (const event of stream) {
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') heard.hear(event.delta.text)
        if (event.type === 'message_stop') ended = true
      }
      signal?.throwIfAborted()
      if (!ended) throw new Unended('The stream ended without message_stop.')
      return heard.text
    },
    async call(url, question, wishes) {
      const tools = [{ name: weather.name, description: weather.description, input_schema: weather.schema }]
      const body = { ...bodyOf(question, wishes), tools }
      const { messages } = at(url, wishes)
      const message = wishes.streamed ? await messages.stream(body).finalMessage() : await messages.create(body)
      const call = message.content.find(({ type }) => type === 'tool_use')
      if (call?.type !== 'tool_use' || message.stop_reason !== 'tool_use') {
        throw new Error(`It ended with ${message.stop_reason}, not with a call.`)
      }
      return {
        name: call.name,
        input: call.input,
        after: async (content) => {
          const result = { type: 'tool_result' as const, tool_use_id: call.id, content }
          const turns = [
            ...body.messages,
            { role: 'assistant' as const, content: message.content },
            { role: 'user' as const, content: [result] },
          ]
          return textOf(await messages.create({ ...body, messages: turns }))
        },
      }
    },
  }
}

const bodyOf = (
  question: string,
  { model = usual, limit = usualLimit }: Wishes,
): { model: string; max_tokens: number; messages: Anthropic.MessageParam[] } => ({
  model,
  max_tokens: limit,
  messages: [{ role: 'user', content: question }],
})

const textOf = ({ content }: Anthropic.Message): string =>
  content.map((block) => (block.type === 'text' ? block.text : '')).join('')

export const anthropicSdk: Speaker = speakerOf('@anthropic-ai/sdk 1.11', newer, {
  ...usualClasses,
  503: 'ServiceUnavailableError',
  504: 'GatewayTimeoutError',
  529: 'OverloadedError',
})

export const olderAnthropicSdk: Speaker = speakerOf('@anthropic-ai/sdk 0.122', older, usualClasses)
