import assert from 'node:assert/strict'
import { type Ends, folderWith, type Running, spillway } from '../../src/cli/process.test-helper.ts'
import { ollamaLike, type ServerOptions } from '../../src/sim/server-spec.ts'
import { SimServer } from '../../src/sim/server.ts'
import { listen, realClock } from '../../src/sim/sockets.ts'

export const model = 'llama3.1:8b'

/** The port of a simulated Ollama on a socket, with a model that is in memory, for as long as the test runs. */
export async function ollama(t: Ends, options: ServerOptions = {}): Promise<string> {
  const server = new SimServer(ollamaLike({ ...options, engine: { loadMs: 0, ...options.engine } }), realClock())
  const socket = await listen(server)
  t.after(() => socket.close())
  return socket.origin
}

/** The smallest useful file, on ports that are free. */
export const configFor = (origin: string, more = ''): string =>
  `listen: 127.0.0.1:0\nadmin: { listen: "127.0.0.1:0" }\n` +
  `upstreams:\n  - { name: box, kind: ollama, url: "${origin}" }\n${more}`

export interface Served {
  readonly running: Running
  /** The folder with its `spillway.yaml`. */
  readonly cwd: string
  readonly url: string
  readonly adminUrl: string
}

/** `spillway serve` with this file, once it is ready. */
export async function serve(t: Ends, config: string, words: readonly string[] = []): Promise<Served> {
  const cwd = folderWith(t, { 'spillway.yaml': config })
  const running = spillway(t, ['serve', ...words], { cwd, env: { CHAT_KEY: 'key-of-chat' } })
  const [, url, adminUrl] = await running.says(/Spillway listens on (http:\S+) \(admin (http:[^\s)]+)\)/)
  return { running, cwd, url: url!, adminUrl: adminUrl! }
}

export function chat(
  url: string,
  body: object = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Say 3 words.' }], ...body }),
  })
}

/** A stream whose first words are here, and the whole of it when it has ended. */
export async function openStream(url: string, words: number): Promise<{ readonly whole: Promise<string> }> {
  const content = `Say ${words} words.`
  const { status, body } = await chat(url, { stream: true, messages: [{ role: 'user', content }] })
  assert.equal(status, 200)
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader()
  const first = await reader.read()
  const rest = async (): Promise<string> => {
    let text = first.value ?? ''
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value
    return text
  }
  return { whole: rest() }
}
