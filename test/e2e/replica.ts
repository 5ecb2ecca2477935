/** For clients that cannot be installed here: what they put on the wire and how they read what comes back, written down. */
import assert from 'node:assert/strict'

/** Fields of whatever is in a body or a frame, read by those who know them. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any

export interface Request {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly signal?: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** What carries a body is a POST, unless it says otherwise. */
export async function send(url: string, path: string, request: Request = {}): Promise<Answer> {
  const response = await begin(url, path, request)
  return { status: response.status, headers: response.headers, text: await response.text() }
}

export function begin(url: string, path: string, { method, headers = {}, body, signal }: Request): Promise<Response> {
  return fetch(url + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  })
}

/** The JSON of an answer that went well. */
export async function json(url: string, path: string, request: Request = {}): Promise<Loose> {
  const { status, text } = await send(url, path, request)
  assert.equal(status, 200, text)
  return JSON.parse(text)
}

export interface ServerEvent {
  readonly event: string | undefined
  /** `[DONE]` is nothing. */
  readonly data: Loose
}

/** The events of a stream, by the rules of HTML: comments say nothing, and what no empty line ends did not happen. */
export function eventsIn(text: string): readonly ServerEvent[] {
  const events: ServerEvent[] = []
  for (const frame of text.replaceAll('\r\n', '\n').split('\n\n').slice(0, -1)) {
    const lines = frame.split('\n')
    const field = (name: string): string | undefined => {
      const values = lines
        .filter((line) => line.startsWith(`${name}:`))
        .map((line) => line.slice(name.length + 1).replace(/^ /, ''))
      return values.length === 0 ? undefined : values.join('\n')
    }
    const data = field('data')
    if (data !== undefined)
      events.push({ event: field('event'), data: data === '[DONE]' ? undefined : JSON.parse(data) })
  }
  return events
}

/** The objects of a stream of lines. A line that is no object, an empty one too, is fatal to most clients. */
export function linesIn(text: string): readonly Loose[] {
  assert.ok(text.endsWith('\n'), 'the last line has an end')
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line))
}
