import type { Json } from '../../../src/core/json.ts'
import { recital, tagOf, wordOf } from '../../../src/sim/recital.ts'

/** What a server is asked, and so what it will say. */
export interface Question {
  readonly model: string
  readonly text: string
  readonly stream: boolean
}

/** An answer as frames: what comes before the first word, a frame for each word, and what says that it is whole. */
export interface Frames {
  readonly opening: readonly string[]
  readonly words: readonly string[]
  readonly closing: readonly string[]
}

/** What a server says when it has something to complain of. */
export interface Complaint {
  readonly status: number
  readonly message: string
  /** The server's own word for it. */
  readonly word: string
}

/** A format as a server speaks it, written by hand: it shares nothing with the gateway's own dialects. */
export interface Wire {
  readonly path: string
  readonly streamType: string
  /** Says nothing, and keeps a connection open. */
  readonly ping: string
  frames(question: Question): Frames
  whole(question: Question): string
  /** The body of an error answer. */
  refusal(complaint: Complaint): string
  /** The same within a stream that has begun. */
  trouble(complaint: Complaint): string
}

/** Enough for signs of two and of four bytes. */
const wordsSaid = 12

export const answerTo = (text: string): string => recital(text, wordsSaid)

const words = (text: string): string[] => {
  const tag = tagOf(text)
  return Array.from({ length: wordsSaid }, (_, index) => wordOf(tag, index))
}

const promptTokens = ({ text }: Question): number => Math.ceil(text.length / 4)

function openAi(kind: 'plain' | 'llamacpp'): Wire {
  const error = ({ status, message, word }: Complaint): Json =>
    kind === 'llamacpp'
      ? { error: { code: status, message, type: word } }
      : { error: { message, type: word, param: null, code: null } }
  const usage = (question: Question): Json => ({
    prompt_tokens: promptTokens(question),
    completion_tokens: wordsSaid,
    total_tokens: promptTokens(question) + wordsSaid,
  })
  const frame = (model: string, choices: Json[], more: Json = {}): string =>
    `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, choices, ...more })}\n\n`
  const delta = (said: Json, reason: string | null = null): Json[] => [
    { index: 0, delta: said, logprobs: null, finish_reason: reason },
  ]
  return {
    path: '/v1/chat/completions',
    streamType: 'text/event-stream',
    ping: ': ping\n\n',
    frames: (question) => ({
      opening: [frame(question.model, delta({ role: 'assistant', content: '' }))],
      words: words(question.text).map((content) => frame(question.model, delta({ content }))),
      closing: [
        frame(question.model, delta({}, 'stop')),
        frame(question.model, [], { usage: usage(question) }),
        'data: [DONE]\n\n',
      ],
    }),
    whole: (question) =>
      JSON.stringify({
        id: 'chatcmpl-1',
        object: 'chat.completion',
        created: 1,
        model: question.model,
        choices: [
          { index: 0, message: { role: 'assistant', content: answerTo(question.text) }, finish_reason: 'stop' },
        ],
        usage: usage(question),
      }),
    refusal: (complaint) => JSON.stringify(error(complaint)),
    trouble: (complaint) => `data: ${JSON.stringify(error(complaint))}\n\n`,
  }
}

const anthropicError = ({ message, word }: Complaint): string =>
  JSON.stringify({ type: 'error', error: { type: word, message } })

const event = (type: string, members: Json = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`

const message = (question: Question, content: Json[], reason: string | null, outputTokens: number): Json => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: question.model,
  content,
  stop_reason: reason,
  stop_sequence: null,
  usage: { input_tokens: promptTokens(question), output_tokens: outputTokens },
})

const anthropic: Wire = {
  path: '/v1/messages',
  streamType: 'text/event-stream',
  ping: event('ping'),
  frames: (question) => ({
    opening: [
      event('message_start', { message: message(question, [], null, 1) }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      event('ping'),
    ],
    words: words(question.text).map((text) =>
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    ),
    closing: [
      event('content_block_stop', { index: 0 }),
      event('message_delta', {
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: wordsSaid },
      }),
      event('message_stop'),
    ],
  }),
  whole: (question) =>
    JSON.stringify(message(question, [{ type: 'text', text: answerTo(question.text) }], 'end_turn', wordsSaid)),
  refusal: anthropicError,
  trouble: (complaint) => `event: error\ndata: ${anthropicError(complaint)}\n\n`,
}

const ollamaError = (complaint: Complaint): string => JSON.stringify({ error: complaint.message })

const line = ({ model }: Question, content: string, more: Json): string =>
  JSON.stringify({
    model,
    created_at: '2026-11-21T07:00:00.123456789Z',
    message: { role: 'assistant', content },
    ...more,
  })

const counts = (question: Question): Json => ({
  done: true,
  done_reason: 'stop',
  total_duration: 30_000_000,
  load_duration: 1_000_000,
  prompt_eval_count: promptTokens(question),
  prompt_eval_duration: 9_000_000,
  eval_count: wordsSaid,
  eval_duration: 20_000_000,
})

const ollama: Wire = {
  path: '/api/chat',
  streamType: 'application/x-ndjson',
  ping: '\n',
  frames: (question) => ({
    opening: [],
    words: words(question.text).map((text) => `${line(question, text, { done: false })}\n`),
    closing: [`${line(question, '', counts(question))}\n`],
  }),
  whole: (question) => line(question, answerTo(question.text), counts(question)),
  refusal: ollamaError,
  trouble: (complaint) => `${ollamaError(complaint)}\n`,
}

/** Which servers there are, by the kind they have in the configuration. */
export const servers = ['openai-compatible', 'anthropic', 'ollama', 'llamacpp'] as const

export type ServerKind = (typeof servers)[number]

export const wireOf: Readonly<Record<ServerKind, Wire>> = {
  'openai-compatible': openAi('plain'),
  anthropic,
  ollama,
  llamacpp: openAi('llamacpp'),
}

/** The last thing that was said to it. Content may be a text, or pieces of one. */
export function questionIn(body: Json, kind: ServerKind): Question {
  const messages = body['messages'] as readonly { content: string | readonly { text?: string }[] }[]
  const { content } = messages.at(-1)!
  const text = typeof content === 'string' ? content : content.map((piece) => piece.text ?? '').join('')
  const stream = kind === 'ollama' ? body['stream'] !== false : body['stream'] === true
  return { model: String(body['model']), text, stream }
}
