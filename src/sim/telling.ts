import { type Inbound, NetFault } from '../core/world.ts'
import { type Answer, answerTo, promptOf, type Question } from './answer.ts'
import type { Clock, Engine, JobEnding, Run } from './engine.ts'
import type { Break, Fate } from './faults.ts'
import type { Ledger } from './ledger.ts'
import { Pipe } from './pipe.ts'

/** Writes one answer in the format of one wire, by hand. */
export interface Scribe {
  readonly streamType: string
  /** The head of a stream comes at once, before the first token. */
  readonly headFirst: boolean
  token(text: string, index: number): string
  closing(told: Told): string
  /** What a stream says when the server breaks down half way. */
  trouble(): string
  whole(text: string, told: Told): string
  refusal(status: number): string
}

/** What a server can say of an answer when it is over. */
export interface Told {
  readonly answer: Answer
  readonly run: Run
  readonly endedAt: number
}

export interface TellingParts {
  readonly engine: Engine
  readonly clock: Clock
  readonly ledger: Ledger
  readonly fate: Fate
  /** Puts bytes on the wire, which may tear them. */
  readonly write: (pipe: Pipe, text: string) => void
  /** While a stream has not begun to say anything, a comment is sent this often; 0 for never. */
  readonly pingMs: number
}

/** Lets the engine work on a question and puts what comes out on the wire, until the end or until nobody listens. */
export class Telling {
  readonly #head = Promise.withResolvers<Inbound>()
  readonly #question: Question
  readonly #scribe: Scribe
  readonly #signal: AbortSignal | undefined
  readonly #parts: TellingParts
  readonly #answer: Answer
  readonly #pipe: Pipe
  readonly #run: Run | undefined
  #text = ''
  #headSent = false
  #spoke = false
  #over = false

  constructor(question: Question, scribe: Scribe, signal: AbortSignal | undefined, parts: TellingParts) {
    this.#question = question
    this.#scribe = scribe
    this.#signal = signal
    this.#parts = parts
    this.#answer = answerTo(question)
    this.#pipe = new Pipe(this.#onGone)
    const { ledger, fate, engine } = parts
    ledger.open += 1
    ledger.openMost = Math.max(ledger.openMost, ledger.open)
    signal?.addEventListener('abort', this.#onGone)
    if (question.stream && scribe.headFirst) {
      this.#sendHead()
      if (parts.pingMs > 0) void this.#ping()
    }
    if (fate.before === 'silent') return
    this.#run = engine.submit({
      model: question.model,
      ...promptOf(question.prompt),
      outputTokens: this.#answer.tokens,
      onToken: this.#onToken,
      onEnd: this.#onEnd,
    })
  }

  /** The answer, as soon as it has a head. */
  get inbound(): Promise<Inbound> {
    return this.#head.promise
  }

  readonly #onToken = (index: number): void => {
    const { fate } = this.#parts
    const text = this.#answer.token(index)
    if (!this.#question.stream) {
      if (index >= fate.breaksAfter) this.#break(fate.breaksBy)
      else this.#text += text
      return
    }
    const frame = this.#scribe.token(text, index)
    if (index < fate.breaksAfter) {
      this.#spoke = true
      this.#sendHead()
      this.#write(frame)
      return
    }
    // A connection may break within a frame as well as between two.
    if (fate.breaksBy === 'reset' && index % 2 === 1) this.#write(frame.slice(0, frame.length / 2))
    this.#break(fate.breaksBy)
  }

  readonly #onEnd = (ending: JobEnding, run: Run): void => {
    const { ledger, clock } = this.#parts
    if (this.#over) return
    if (ending !== 'whole') {
      this.#break(ending === 'crashed' ? 'reset' : 'error')
      return
    }
    ledger.whole += 1
    const told = { answer: this.#answer, run, endedAt: clock.now() }
    if (this.#question.stream) {
      this.#write(this.#scribe.closing(told))
      this.#pipe.end()
    } else this.#respond(200, this.#scribe.whole(this.#text, told))
    this.#close()
  }

  /** The caller has hung up, or the gateway in its place. */
  readonly #onGone = (): void => {
    if (this.#over) return
    this.#parts.ledger.aborted += 1
    const fault = new NetFault('aborted', 'The caller hung up.')
    this.#head.reject(fault)
    this.#pipe.fail(fault)
    this.#close()
  }

  #break(how: Break): void {
    const { ledger, engine } = this.#parts
    if (this.#run !== undefined) engine.drop(this.#run)
    // It stays open, says nothing any more, and ends when the caller has had enough.
    if (how === 'silent') return
    ledger.broken += 1
    if (how === 'reset') {
      const fault = new NetFault('reset', 'The connection was reset.')
      this.#head.reject(fault)
      this.#pipe.fail(fault)
    } else if (!this.#headSent) this.#respond(500, this.#scribe.refusal(500))
    else {
      if (how === 'error') this.#write(this.#scribe.trouble())
      this.#pipe.end()
    }
    this.#close()
  }

  async #ping(): Promise<void> {
    for (;;) {
      await this.#parts.clock.sleep(this.#parts.pingMs, this.#signal)
      if (this.#over || this.#spoke) return
      this.#write(': ping\n\n')
    }
  }

  #sendHead(): void {
    if (this.#headSent) return
    this.#headSent = true
    this.#head.resolve({ status: 200, headers: { 'content-type': this.#scribe.streamType }, body: this.#pipe })
  }

  #write(text: string): void {
    if (text !== '') this.#parts.write(this.#pipe, text)
  }

  #respond(status: number, text: string): void {
    this.#headSent = true
    this.#head.resolve(jsonAnswer(status, text))
  }

  #close(): void {
    this.#over = true
    this.#parts.ledger.open -= 1
    this.#signal?.removeEventListener('abort', this.#onGone)
    if (this.#run !== undefined) this.#parts.engine.drop(this.#run)
  }
}

export function jsonAnswer(status: number, text: string): Inbound {
  return { status, headers: { 'content-type': 'application/json' }, body: Pipe.of(Buffer.from(text)) }
}

export function textAnswer(status: number, text: string): Inbound {
  return { status, headers: { 'content-type': 'text/plain' }, body: Pipe.of(Buffer.from(text)) }
}
