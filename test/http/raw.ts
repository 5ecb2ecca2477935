import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A connection of a client that sends whatever it likes. */
export class RawClient {
  readonly socket: Socket
  #received = ''
  #ended = false
  #wake: () => void = () => {}

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    this.socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1')
      this.#wake()
    })
    const end = (): void => {
      this.#ended = true
      this.#wake()
    }
    this.socket.on('end', end)
    this.socket.on('close', end)
    this.socket.on('error', end)
  }

  send(bytes: string): void {
    this.socket.write(bytes, 'latin1')
  }

  /** The next whole answer, interim ones included; undefined when the server closed without another. */
  async answer({ toHead = false } = {}): Promise<Answer | undefined> {
    for (;;) {
      const found = answerIn(this.#received, toHead)
      if (found !== undefined) {
        this.#received = this.#received.slice(found.length)
        return found.answer
      }
      if (this.#ended) return undefined
      await this.#more()
    }
  }

  /** Resolves when the server has closed, with what came before that and was not read. */
  async ended(): Promise<string> {
    while (!this.#ended) await this.#more()
    return this.#received
  }

  close(): void {
    this.socket.destroy()
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

function answerIn(text: string, toHead: boolean): { readonly answer: Answer; readonly length: number } | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const [statusLine = '', ...lines] = text.slice(0, headEnd).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1])
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const start = headEnd + 4
  if (status < 200 || toHead) return { answer: { status, headers, body: '' }, length: start }
  if (headers['transfer-encoding'] === 'chunked') {
    const body = dechunked(text.slice(start))
    return body && { answer: { status, headers, body: body.text }, length: start + body.length }
  }
  const length = Number(headers['content-length'])
  if (Number.isNaN(length)) throw new Error(`An answer without a length: ${text}`)
  if (text.length < start + length) return undefined
  return { answer: { status, headers, body: text.slice(start, start + length) }, length: start + length }
}

function dechunked(text: string): { readonly text: string; readonly length: number } | undefined {
  let out = ''
  for (let at = 0; ;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    const next = lineEnd + 2 + size + 2
    if (text.length < next) return undefined
    out += text.slice(lineEnd + 2, lineEnd + 2 + size)
    if (size === 0) return { text: out, length: next }
    at = next
  }
}
