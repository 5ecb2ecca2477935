import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Ends } from '../../src/cli/process.test-helper.ts'

export const model = 'steady'

/** How many words a stream has, and how long each takes. */
export interface Tempo {
  readonly words: number
  readonly wordMs: number
}

const frame = (content: string, reason: string | null = null): string =>
  `data: ${JSON.stringify({
    id: 'c',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta: { content }, finish_reason: reason }],
  })}\n\n`

/** A server that says one word after the other, to as many as ask. Gives its address. */
export async function steadyServer(t: Ends, { words, wordMs }: Tempo): Promise<string> {
  const server = createServer((ask, answer) => {
    if (ask.url === '/v1/models') return void answer.end(JSON.stringify({ object: 'list', data: [{ id: model }] }))
    ask.resume().on('end', () => {
      answer.writeHead(200, { 'content-type': 'text/event-stream' })
      let said = 0
      const timer = setInterval(() => {
        said += 1
        answer.write(frame(`w${said} `, said === words ? 'stop' : null))
        if (said === words) answer.end('data: [DONE]\n\n')
        if (said === words) clearInterval(timer)
      }, wordMs)
      answer.on('close', () => clearInterval(timer))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The configuration for it: as many at once as want to. */
export const steadyConfig = (origin: string): string => `listen: 127.0.0.1:0
admin: { listen: "127.0.0.1:0" }
probe_every: 1s
queue: { max: 1000, patience: 30s }
upstreams:
  - name: box
    kind: openai-compatible
    url: "${origin}"
    concurrency: 1000
    models: { serve: { ${model}: ${model} } }
`

/** What became of all that was asked. */
export interface Fate {
  whole: number
  readonly failures: string[]
  /** On connections that had carried a request before. */
  reused: number
}

/**
 * Callers who listen to streams all the time, each beginning the next when one has ended: half of them on connections that
 * they keep, half on a new one each time. None of them tries anything twice.
 */
export class Crowd {
  readonly fate: Fate = { whole: 0, failures: [], reused: 0 }
  readonly #url: string
  readonly #words: number
  readonly #agent = new Agent({ keepAlive: true })
  readonly #callers: Promise<void>[]
  #over = false
  live = 0

  constructor(url: string, { words }: Tempo, callers: number) {
    this.#url = url
    this.#words = words
    this.#callers = Array.from({ length: callers }, (_, at) => this.#listenOn(at % 2 === 0))
  }

  /** Resolves when everybody has heard the last word. */
  async end(): Promise<Fate> {
    this.#over = true
    await Promise.all(this.#callers)
    this.#agent.destroy()
    return this.fate
  }

  async #listenOn(keeps: boolean): Promise<void> {
    while (!this.#over) {
      try {
        const text = await this.#hear(keeps)
        const words = text.match(/w\d+ /g)?.length ?? 0
        if (words === this.#words && text.endsWith('data: [DONE]\n\n')) this.fate.whole += 1
        else this.fate.failures.push(`torn after ${words} words: ${text.slice(-200)}`)
      } catch (error) {
        this.fate.failures.push(error instanceof Error ? error.message : String(error))
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }

  #hear(keeps: boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const ask = request(`${this.#url}/v1/chat/completions`, {
        method: 'POST',
        agent: keeps ? this.#agent : false,
        headers: { 'content-type': 'application/json' },
      })
      ask.on('error', reject)
      ask.on('response', (answer) => {
        if (ask.reusedSocket) this.fate.reused += 1
        this.live += 1
        let text = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        answer.on('error', reject)
        answer.on('close', () => {
          this.live -= 1
          if (answer.statusCode !== 200) reject(new Error(`${answer.statusCode} ${text.slice(0, 200)}`))
          else resolve(text)
        })
      })
      ask.end(JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Go on.' }] }))
    })
  }
}
