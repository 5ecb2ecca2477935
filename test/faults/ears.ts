import type { Json } from '../../src/core/json.ts'

/**
 * What a client makes of an answer: it takes all that the formats allow, so that a server's odd but lawful bytes may pass,
 * and nothing that it should not.
 */
export interface Heard {
  text: string
  /** It came with all that its clients take for its end. */
  finished: boolean
  /** The sentence of an error. */
  error: string | undefined
  /** What nobody could read. */
  nonsense: string | undefined
}

export interface CallerWire {
  readonly path: string
  body(model: string, question: string, stream: boolean): Json
  hearStream(bytes: Buffer): Heard
  hearWhole(bytes: Buffer): Heard
  /** The sentence of an error answer; undefined when it does not have the shape of this API. */
  complaintIn(body: unknown): string | undefined
}

const messages = (content: string): readonly Json[] => [{ role: 'user', content }]

const nothing = (): Heard => ({ text: '', finished: false, error: undefined, nonsense: undefined })

/** Server-sent events as the standard has them. */
function* eventsIn(bytes: Buffer): Generator<{ name: string; data: string }> {
  const text = bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .replaceAll(/\r\n|\r/g, '\n')
  const blocks = text.split('\n\n')
  // What has no blank line behind it is no event.
  blocks.pop()
  for (const block of blocks) {
    let name = ''
    const data: string[] = []
    for (const line of block.split('\n')) {
      const [, field, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line)!
      if (field === 'data') data.push(value)
      if (field === 'event') name = value
    }
    if (data.length > 0 && data.join('\n') !== '') yield { name, data: data.join('\n') }
  }
}

type Event = Readonly<Record<string, unknown>> & {
  readonly error?: { readonly message?: unknown; readonly type?: unknown }
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null }
    readonly message?: { readonly content?: string | null }
    readonly finish_reason?: string | null
  }[]
  readonly delta?: { readonly text?: string; readonly stop_reason?: string | null }
  readonly content?: readonly { readonly text?: string }[]
  readonly stop_reason?: string | null
  readonly message?: { readonly content?: string }
  readonly done?: boolean
}

/** Gives each piece to `hear`, and calls nonsense what throws. */
function heardIn<T>(pieces: Iterable<T>, hear: (piece: T, heard: Heard) => void): Heard {
  const heard = nothing()
  try {
    for (const piece of pieces) {
      if (heard.error !== undefined) throw new Error('Something came behind an error.')
      hear(piece, heard)
    }
  } catch (error) {
    heard.nonsense = String(error)
  }
  return heard
}

const parsed = (text: string): Event => JSON.parse(text) as Event

const sentenceIn = (error: unknown): string | undefined => {
  const message = (error as { message?: unknown } | undefined)?.message
  return typeof message === 'string' && message !== '' ? message : undefined
}

const openAi: CallerWire = {
  path: '/v1/chat/completions',
  body: (model, question, stream) => ({ model, stream, messages: messages(question) }),
  hearStream: (bytes) => {
    let reason: string | undefined
    return heardIn(eventsIn(bytes), ({ data }, heard) => {
      if (data === '[DONE]') {
        heard.finished = reason !== undefined
        return
      }
      const { error, choices } = parsed(data)
      if (error !== undefined) heard.error = sentenceIn(error) ?? ''
      heard.text += choices?.[0]?.delta?.content ?? ''
      reason = choices?.[0]?.finish_reason ?? reason
      // Some servers leave out the rest, and some clients do not wait for it.
      if (reason !== undefined) heard.finished = true
    })
  },
  hearWhole: (bytes) =>
    heardIn([bytes.toString()], (text, heard) => {
      const { error, choices } = parsed(text)
      if (error !== undefined) heard.error = sentenceIn(error) ?? ''
      heard.text = choices?.[0]?.message?.content ?? ''
      heard.finished = typeof choices?.[0]?.finish_reason === 'string'
    }),
  complaintIn: (body) => {
    const error = (body as Event | null)?.error
    return typeof error?.type === 'string' ? sentenceIn(error) : undefined
  },
}

const anthropic: CallerWire = {
  path: '/v1/messages',
  body: (model, question, stream) => ({ model, stream, max_tokens: 1_000, messages: messages(question) }),
  hearStream: (bytes) =>
    heardIn(eventsIn(bytes), ({ name, data }, heard) => {
      // The official client drops what it does not know by name.
      if (!/^(message|content_block)_|^error$/.test(name)) return
      const { error, delta } = parsed(data)
      if (name === 'error') heard.error = sentenceIn(error) ?? ''
      if (name === 'content_block_delta') heard.text += delta?.text ?? ''
      if (name === 'message_stop') heard.finished = true
    }),
  hearWhole: (bytes) =>
    heardIn([bytes.toString()], (text, heard) => {
      const { error, content, stop_reason: reason } = parsed(text)
      if (error !== undefined) heard.error = sentenceIn(error) ?? ''
      heard.text = content?.map((block) => block.text ?? '').join('') ?? ''
      heard.finished = typeof reason === 'string'
    }),
  complaintIn: (body) => {
    const { type, error } = (body ?? {}) as Event
    return type === 'error' && typeof error?.type === 'string' ? sentenceIn(error) : undefined
  },
}

const ollamaLine = (text: string, heard: Heard): void => {
  const { error, message, done } = parsed(text)
  if (error !== undefined) heard.error = typeof error === 'string' ? error : ''
  heard.text += message?.content ?? ''
  if (done === true) heard.finished = true
}

const ollama: CallerWire = {
  path: '/api/chat',
  body: (model, question, stream) => ({ model, stream, messages: messages(question) }),
  hearStream: (bytes) => {
    const lines = bytes.toString('utf8').split('\n')
    lines.pop()
    return heardIn(lines, ollamaLine)
  },
  hearWhole: (bytes) => heardIn([bytes.toString()], ollamaLine),
  complaintIn: (body) => {
    const error: unknown = (body as { error?: unknown } | null)?.error
    return typeof error === 'string' && error !== '' ? error : undefined
  },
}

/** Those who ask, by the API they speak. */
export const callers = ['openai', 'anthropic', 'ollama'] as const

export type CallerKind = (typeof callers)[number]

export const callerWireOf: Readonly<Record<CallerKind, CallerWire>> = { openai: openAi, anthropic, ollama }
