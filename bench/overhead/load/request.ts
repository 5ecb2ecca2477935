import { connect, type Socket } from 'node:net'

/** Tells that counting begins or ends. */
export type Tell = (event: 'counting' | 'counted') => void

/** Part of the options of every load. */
export interface Asking {
  readonly promptBytes?: number
  /** Another dialect's than the server's, where it is not its own. */
  readonly path?: string
  /** What the one in between wants to be told. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A chat request as clients send it; what the mock looks for stands first in its body. */
export function request(
  port: number,
  first: Readonly<Record<string, unknown>>,
  { promptBytes = 60, path = '/v1/chat/completions', headers = {} }: Asking,
): Buffer {
  const text = 'the water and the mill '
  const body = JSON.stringify({
    ...first,
    model: 'm',
    messages: [
      { role: 'system', content: 'You are a helpful mill.' },
      { role: 'user', content: text.repeat(Math.ceil(promptBytes / text.length)).slice(0, promptBytes) },
    ],
    temperature: 0.5,
    max_tokens: 256,
  })
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\n` +
      `accept: */*\r\nuser-agent: bench\r\n${more.join('')}content-length: ${body.length}\r\n\r\n${body}`,
  )
}

/** `from` tells addresses of this machine apart: each has as many ports as there are. */
export const open = (port: number, from = 0): Socket =>
  connect({ port, host: '127.0.0.1', noDelay: true, localAddress: `127.0.0.${1 + (from % 8)}` })

/** What stands before the moment at which the server sent a frame: sixteen digits, in microseconds. */
const mark = '"content":"0'
const digits = 16

/** Takes what a socket reads and tells when each frame in it was sent. */
export function frameReader(onFrame: (sentUs: number) => void): (data: Buffer) => void {
  let torn = ''
  return (data) => {
    const text = torn + data.toString('latin1')
    let read = 0
    for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, read)) {
      const begin = at + mark.length - 1
      if (begin + digits > text.length) break
      read = begin + digits
      onFrame(Number(text.slice(begin, read)))
    }
    torn = text.slice(Math.max(read, text.length - mark.length - digits))
  }
}

export const nowUs = (): number => Number(process.hrtime.bigint() / 1_000n)

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))

/** NaN when there are none. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}
