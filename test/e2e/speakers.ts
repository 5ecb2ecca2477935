import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, streamText } from 'ai'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { model } from './rig.ts'

export interface Wishes {
  readonly key?: string
  readonly model?: string
  readonly signal?: AbortSignal
  /** Beside what every client says: `temperature`, or what a test wants to be wrong. */
  readonly extra?: Readonly<Record<string, unknown>>
  /** Told each piece of a streamed answer. */
  readonly onWord?: (word: string) => void
}

/** One of the official clients, without retries: whatever goes wrong is raised in its own way. */
export interface Speaker {
  readonly name: string
  /** The text of a whole answer. */
  readonly chat: (url: string, question: string, wishes?: Wishes) => Promise<string>
  /** The text of a streamed answer that was, by all that this client can tell, finished. */
  readonly stream: (url: string, question: string, wishes?: Wishes) => Promise<string>
}

const openai: Speaker = {
  name: 'openai-js',
  async chat(url, question, wishes = {}) {
    const answer = await openaiAt(url, wishes).chat.completions.create(bodyOf(question, wishes), {
      signal: wishes.signal,
    })
    return answer.choices[0]!.message.content!
  },
  async stream(url, question, wishes = {}) {
    const body = { ...bodyOf(question, wishes), stream: true as const }
    const heard = hearing(wishes)
    for await (const { choices } of await openaiAt(url, wishes).chat.completions.create(body, {
      signal: wishes.signal,
    })) {
      const word = choices[0]?.delta.content
      if (word) heard.hear(word)
    }
    // Called off, its stream just ends.
    wishes.signal?.throwIfAborted()
    return heard.text
  },
}

const ollama: Speaker = {
  name: 'ollama-js',
  async chat(url, question, wishes = {}) {
    return (await ollamaAt(url, wishes).chat(bodyOf(question, wishes))).message.content
  },
  async stream(url, question, wishes = {}) {
    const heard = hearing(wishes)
    for await (const { message } of await ollamaAt(url, wishes).chat({ ...bodyOf(question, wishes), stream: true })) {
      if (message.content !== '') heard.hear(message.content)
    }
    return heard.text
  },
}

const ai: Speaker = {
  name: 'the AI SDK',
  async chat(url, question, wishes = {}) {
    const { text } = await generateText(callOf(url, question, wishes))
    return text
  },
  async stream(url, question, wishes = {}) {
    const heard = hearing(wishes)
    // It raises nothing by itself: errors are parts of the stream, and told to a callback that prints them by default.
    for await (const part of streamText({ ...callOf(url, question, wishes), onError: () => {} }).fullStream) {
      if (part.type === 'error') throw part.error
      if (part.type === 'abort') throw new DOMException('The stream was aborted.', 'AbortError')
      if (part.type === 'text-delta') heard.hear(part.text)
    }
    return heard.text
  },
}

export const speakers = { openai, ollama, ai } as const

export const everySpeaker: readonly Speaker[] = Object.values(speakers)

interface Body {
  model: string
  messages: { role: 'user'; content: string }[]
}

const bodyOf = (question: string, wishes: Wishes): Body => ({
  model: wishes.model ?? model,
  messages: [{ role: 'user', content: question }],
  ...wishes.extra,
})

const openaiAt = (url: string, { key = 'none' }: Wishes): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 })

/** It takes a signal only for streams, and no way to hand it in; its fetch does. */
const ollamaAt = (url: string, { key, signal }: Wishes): Ollama =>
  new Ollama({
    host: url,
    ...(key !== undefined && { headers: { authorization: `Bearer ${key}` } }),
    ...(signal !== undefined && { fetch: ((input, init) => fetch(input, { ...init, signal })) satisfies typeof fetch }),
  })

function callOf(
  url: string,
  question: string,
  { key, signal, extra, model: wished = model }: Wishes,
): Parameters<typeof generateText>[0] {
  const spillway = createOpenAICompatible({
    name: 'spillway',
    baseURL: `${url}/v1`,
    ...(key !== undefined && { apiKey: key }),
    transformRequestBody: (body) => ({ ...body, ...extra }),
  })
  return {
    model: spillway(wished),
    prompt: question,
    maxRetries: 0,
    ...(signal !== undefined && { abortSignal: signal }),
  }
}

function hearing({ onWord }: Wishes): { text: string; hear: (word: string) => void } {
  const heard = {
    text: '',
    hear: (word: string): void => {
      heard.text += word
      onWord?.(word)
    },
  }
  return heard
}
