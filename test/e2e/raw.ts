import { model } from './rig.ts'

/** What a client of a dialect puts on the wire, without a client. */
export interface Wire {
  readonly name: string
  readonly path: string
  /** What only stands in an answer that is finished. */
  readonly finished: RegExp
  /** The last frame of a stream that is told to be broken. */
  readonly error: RegExp
  /** The sentence in an error. */
  sentence(body: unknown): unknown
}

export const wires: readonly Wire[] = [
  {
    name: "OpenAI's",
    path: '/v1/chat/completions',
    finished: /\[DONE\]|"finish_reason": ?"/,
    error: /(?:^|\n\n)data: \{"error":\{"message":"[^"].*\n\n$/,
    sentence: (body) => (body as { error: { message: unknown } }).error.message,
  },
  {
    name: "Ollama's",
    path: '/api/chat',
    finished: /"done": ?true/,
    error: /(?:^|\n)\{"error":"[^"].*\n$/,
    sentence: (body) => (body as { error: unknown }).error,
  },
]

export const bodyOf = (question: string, stream: boolean): string =>
  JSON.stringify({ model, stream, messages: [{ role: 'user', content: question }] })

export function post(
  url: string,
  { path }: Wire,
  question: string,
  { stream = true, signal }: { stream?: boolean; signal?: AbortSignal } = {},
): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return fetch(url + path, { method: 'POST', headers, body: bodyOf(question, stream), ...(signal && { signal }) })
}

/** All that came of a body, and whether its transfer broke. */
export async function heardOf(response: Response): Promise<{ readonly text: string; readonly broke: boolean }> {
  let text = ''
  const decoder = new TextDecoder()
  try {
    for await (const bytes of response.body!) text += decoder.decode(bytes as Uint8Array, { stream: true })
    return { text, broke: false }
  } catch {
    return { text, broke: true }
  }
}
