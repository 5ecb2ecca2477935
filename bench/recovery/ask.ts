import { Agent, request } from 'node:http'

/** What became of one streamed answer, as its caller heard it. */
export interface Heard {
  readonly id: string
  readonly askedAt: number
  /** When each piece with words came. */
  readonly pieces: readonly number[]
  readonly endedAt: number
  readonly ending: 'whole' | 'broken' | 'failed'
  /** nginx says so where it asked a second server. */
  readonly wasPassedOn: boolean
}

export interface Question {
  readonly id: string
  readonly words: number
  /** Nobody waits longer. */
  readonly giveUpMs?: number
}

/** With words in it. */
const spoken = /"content":"[^"]/

/** Asks at an address, by the clock of `now`. */
export class Caller {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Infinity })
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  ask(origin: string, { id, words, giveUpMs }: Question): Promise<Heard> {
    const now = this.#now
    const body = JSON.stringify({
      model: 'llama3.1:8b',
      stream: true,
      messages: [{ role: 'user', content: `Say ${words} words. #${id}#` }],
    })
    const askedAt = now()
    const pieces: number[] = []
    let status = 0
    let last = ''
    let wasPassedOn = false
    return new Promise((resolve) => {
      const end = (): void => {
        const isWhole = status === 200 && last.includes('[DONE]') && !last.includes('"error"')
        const ending = isWhole ? 'whole' : pieces.length > 0 ? 'broken' : 'failed'
        clearTimeout(timer)
        resolve({ id, askedAt, pieces, endedAt: now(), ending, wasPassedOn })
      }
      const headers = {
        'content-type': 'application/json',
        'x-request-id': id,
        'content-length': Buffer.byteLength(body),
      }
      const sent = request(
        `${origin}/v1/chat/completions`,
        { method: 'POST', agent: this.#agent, headers },
        (answer) => {
          status = answer.statusCode ?? 0
          wasPassedOn = String(answer.headers['x-asked']).includes(',')
          answer.on('data', (bytes: Buffer) => {
            last = (last + bytes.toString()).slice(-500)
            if (status === 200 && spoken.test(bytes.toString())) pieces.push(now())
          })
          answer.on('close', end)
          answer.on('error', end)
        },
      )
      const timer = giveUpMs === undefined ? undefined : setTimeout(() => sent.destroy(), giveUpMs)
      sent.on('error', end)
      sent.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
