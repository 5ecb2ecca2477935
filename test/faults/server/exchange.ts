import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Frames, Question, Wire } from './wires.ts'

/**
 * The moments of an answer at which something may happen to it, in order: before its head, within it, behind it, behind
 * what opens a stream, behind half of the words, within a frame, behind all words, and behind the last frame.
 */
export const phases = ['head', 'in-head', 'opening', 'first', 'mid', 'torn', 'end', 'last'] as const

export type Phase = (typeof phases)[number]

/** Other bytes than those that a server that is well would send. */
export interface Changes {
  readonly status?: string
  /** Header lines instead of those that say what the body is; its framing is then the fault's business. */
  readonly headers?: readonly string[]
  readonly frames?: (frames: Frames) => Frames
  /** Once more, as the text of the whole stream. */
  readonly streamText?: (text: string) => string
  readonly whole?: (text: string) => string
}

const head = (status: string, lines: readonly string[]): string =>
  `HTTP/1.1 ${status}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`

const chunk = (bytes: string | Buffer): Buffer => {
  const payload = Buffer.from(bytes)
  return Buffer.concat([Buffer.from(`${payload.length.toString(16)}\r\n`), payload, Buffer.from('\r\n')])
}

/** One request and its answer, as bytes on a socket. */
export class Exchange {
  readonly question: Question
  readonly wire: Wire
  readonly socket: Socket
  /** Resolves when the caller at the other end of the gateway has read something, or has had time enough to. */
  readonly heard: () => Promise<void>
  #said = 0

  constructor(question: Question, wire: Wire, socket: Socket, heard: () => Promise<void>) {
    this.question = question
    this.wire = wire
    this.socket = socket
    this.heard = heard
  }

  get gone(): boolean {
    return this.socket.destroyed || !this.socket.writable
  }

  /** Resolves when the other side has closed. */
  get closed(): Promise<void> {
    if (this.socket.destroyed) return Promise.resolve()
    return new Promise((resolve) => this.socket.once('close', () => resolve()))
  }

  say(bytes: string | Buffer): void {
    if (!this.gone) this.socket.write(bytes)
  }

  /** What a server that is well would send until this moment, from where it stopped before. */
  async sayUntil(phase: Phase | 'over', changes: Changes = {}): Promise<void> {
    const pieces = this.question.stream ? this.#streamed(changes) : this.#whole(changes)
    const end = phase === 'over' ? pieces.length : phases.indexOf(phase)
    this.say(Buffer.concat(pieces.slice(this.#said, end).flat()))
    this.#said = end
    // A reset takes along what was not read; and what was heard before a fault decides what has to follow from it.
    if (phase !== 'over' && end > phases.indexOf('first')) await Promise.race([this.heard(), wait(heardMaxMs)])
    else if (phase !== 'over' && end > 0) await wait(2)
  }

  /** What stands between two moments, by the first of them. */
  #streamed({ status = '200 OK', headers, frames: change, streamText }: Changes): Buffer[][] {
    const plain = this.wire.frames(this.question)
    const { opening, words, closing } = change?.(plain) ?? plain
    const own = [`Content-Type: ${this.wire.streamType}`, 'Transfer-Encoding: chunked']
    const start = head(status, headers ?? own)
    const middle = Math.floor(start.length / 2)
    if (streamText !== undefined) {
      const text = streamText([...opening, ...words, ...closing].join(''))
      return [[Buffer.from(start)], [], [], [], [chunk(text)], [], [], [Buffer.from('0\r\n\r\n')]]
    }
    const half = Math.floor(words.length / 2)
    const torn = chunk(words[half]!)
    return [
      [Buffer.from(start.slice(0, middle))],
      [Buffer.from(start.slice(middle))],
      opening.map(chunk),
      words.slice(0, half).map(chunk),
      [torn.subarray(0, torn.length >> 1)],
      [torn.subarray(torn.length >> 1), ...words.slice(half + 1).map(chunk)],
      closing.map(chunk),
      [Buffer.from('0\r\n\r\n')],
    ]
  }

  #whole({ status = '200 OK', headers, whole: change }: Changes): Buffer[][] {
    const text = this.wire.whole(this.question)
    const body = Buffer.from(change?.(text) ?? text)
    const start = head(status, headers ?? ['Content-Type: application/json', `Content-Length: ${body.length}`])
    const middle = Math.floor(start.length / 2)
    const half = body.length >> 1
    return [
      [Buffer.from(start.slice(0, middle))],
      [Buffer.from(start.slice(middle))],
      [],
      [body.subarray(0, half)],
      [body.subarray(half, half + 1)],
      [body.subarray(half + 1, -1)],
      [body.subarray(-1)],
      [],
    ]
  }
}

/** What goes through a gateway is long there by now, if it ever comes. */
const heardMaxMs = 100
