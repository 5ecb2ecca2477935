import { Agent, request } from 'node:http'

/** What a client has in its hands in the end. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  /** The transfer had its proper end. */
  readonly isComplete: boolean
}

/** A plain client on real sockets, many requests at once. */
export class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  post(path: string, body: object, more: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const text = JSON.stringify(body)
    const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)), ...more }
    return this.#ask('POST', path, headers, text)
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.#ask('GET', path, headers, '')
  }

  #ask(method: string, path: string, headers: Readonly<Record<string, string>>, text: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const out = request(this.#url + path, { method, agent: this.#agent, headers }, (answer) => {
        const chunks: Buffer[] = []
        const end = (): void =>
          resolve({
            status: answer.statusCode!,
            headers: answer.headers,
            body: Buffer.concat(chunks),
            isComplete: answer.complete,
          })
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', end)
        answer.on('error', end)
      })
      out.on('error', reject)
      out.end(text)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
