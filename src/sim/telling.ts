import { type Inbound, NetFault } from '../core/world.ts'
import { type Answer, answerTo, promptOf, type Question } from './answer.ts'
import { Bill } from './bills.ts'
import type { Engine } from './engine.ts'
import type { Break, Fate } from './faults.ts'
import type { JobEnding, Run } from './job.ts'
import type { Clock } from './labor.ts'
import type { Ledger } from './ledger.ts'
import { Pipe } from './pipe.ts'
import { textResponse, type Wording } from './responses.ts'

/** Writes one answer in the format of one wire, by hand. */
export interface Scribe {
  readonly streamType: string
  /** When the head of a stream comes: at once, when it has got a place, or with its first token. */
  readonly head: 'at once' | 'in its place' | 'with a token'
  /** Comes with the head. */
  readonly greeting?: string
  /** What is said to keep a line open. */
  readonly comment?: string
  /** Not streamed, it is generated to the end although nobody waits for it. */
  readonly deaf?: boolean
  token(text: string, index: number, run: Run): string
  /** A token that is only thought. The first of all is token 0, be it thought or said. */
  thought(text: string, index: number, run: Run): string
  closing(told: Told): string
  /** What a stream says when the server breaks down half way. */
  trouble(ending: JobEnding | undefined): string
  whole(said: Said, told: Told): string
  refusal(status: 500 | 503, ending?: JobEnding): Wording
}

export interface Said {
  readonly text: string
  readonly thought: string
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
  /** The last word and what follows it go over the wire together: who hears of pieces hears of one piece less. */
  readonly joinsEnd: boolean
  /** Gets the bill, when there is one. */
  readonly onBill?: ((bill: Bill) => void) | undefined
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
  readonly #bill: Bill
  /** Tokens that it was told of. */
  #told = 0
  #text = ''
  #thought = ''
  /** Said, and not on the wire yet. */
  #unsent = ''
  #headSent = false
  #spoke = false
  #unheard = false
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
    if (question.stream && scribe.head === 'at once') this.#sendHead()
    const prompt = promptOf(question.prompt)
    this.#bill = new Bill(question, prompt.promptTokens)
    parts.onBill?.(this.#bill)
    if (fate.before === 'silent') return
    this.#run = engine.submit({
      model: question.model,
      ...prompt,
      outputTokens: this.#answer.tokens,
      stops: stopsOf(this.#answer, fate),
      isWhole: !question.stream,
      setting: question.setting,
      keepMs: question.keepMs,
      onStart: this.#onStart,
      onToken: this.#onToken,
      onEnd: this.#onEnd,
    })
    this.#bill.run = this.#run
  }

  /** The answer, as soon as it has a head. */
  get inbound(): Promise<Inbound> {
    return this.#head.promise
  }

  readonly #onStart = (): void => {
    if (this.#question.stream && this.#scribe.head === 'in its place') this.#sendHead()
  }

  readonly #onToken = (index: number, run: Run): void => {
    const { fate } = this.#parts
    const text = this.#textUntil(index)
    const isThought = index < this.#answer.thoughts
    if (!this.#question.stream) {
      if (index >= fate.breaksAfter) this.#break(fate.breaksBy)
      else if (isThought) this.#thought += text
      else this.#text += text
      return
    }
    const frame = isThought ? this.#scribe.thought(text, index, run) : this.#scribe.token(text, index, run)
    if (index < fate.breaksAfter) {
      this.#spoke = true
      this.#sendHead()
      if (this.#parts.joinsEnd && index + 1 === this.#answer.tokens) this.#unsent = frame
      else this.#write(frame)
      return
    }
    // A connection may break within a frame as well as between two.
    if ((fate.breaksBy === 'reset' && index % 2 === 1) || fate.breaksBy === 'garbled')
      this.#write(frame.slice(0, frame.length / 2))
    this.#break(fate.breaksBy)
  }

  /** All that was said since it was told last. */
  #textUntil(index: number): string {
    const { many } = this.#answer
    const from = this.#told
    this.#told = index + 1
    if (many !== undefined) return many(index + 1 - from)
    let text = this.#answer.token(from)
    for (let at = from + 1; at <= index; at += 1) text += this.#answer.token(at)
    return text
  }

  readonly #onEnd = (ending: JobEnding, run: Run): void => {
    const { ledger, clock } = this.#parts
    if (this.#over) return
    if (this.#unheard) {
      ledger.aborted += 1
      this.#close()
      return
    }
    if (ending !== 'whole') {
      this.#break(ending === 'crashed' ? 'reset' : 'error', ending)
      return
    }
    ledger.whole += 1
    this.#bill.isTold = true
    const told = { answer: this.#answer, run, endedAt: clock.now() }
    if (this.#question.stream) {
      this.#sendHead()
      this.#write(this.#unsent + this.#scribe.closing(told))
      this.#pipe.end()
    } else this.#respond({ status: 200, text: this.#scribe.whole({ text: this.#text, thought: this.#thought }, told) })
    this.#close()
  }

  /** The caller has hung up, or the gateway in its place. */
  readonly #onGone = (): void => {
    if (this.#over) return
    const fault = new NetFault('aborted', 'The caller hung up.')
    this.#head.reject(fault)
    this.#pipe.fail(fault)
    const { deaf = false } = this.#scribe
    if (deaf && !this.#question.stream && this.#run !== undefined && this.#run.state !== 'over') {
      this.#unheard = true
      return
    }
    this.#parts.ledger.aborted += 1
    this.#close()
  }

  #break(how: Break, ending?: JobEnding): void {
    const { ledger, engine } = this.#parts
    if (this.#run !== undefined) engine.drop(this.#run)
    // It stays open, says nothing any more, and ends when the caller has had enough.
    if (how === 'silent') return
    ledger.broken += 1
    this.#bill.isDeclined =
      how !== 'reset' && how !== 'garbled' && (!this.#headSent || (how === 'error' && !this.#spoke))
    if (how === 'reset') {
      const fault = new NetFault('reset', 'The connection was reset.')
      this.#head.reject(fault)
      this.#pipe.fail(fault)
    } else if (how === 'garbled' && !this.#headSent)
      this.#respond({ status: 200, text: `{"id":"x","content":"${this.#text}` })
    else if (!this.#headSent) this.#respond(this.#scribe.refusal(500, ending))
    else {
      if (how === 'error') this.#write(this.#scribe.trouble(ending))
      this.#pipe.end()
    }
    this.#close()
  }

  async #ping(): Promise<void> {
    for (;;) {
      await this.#parts.clock.sleep(this.#parts.pingMs, this.#signal)
      if (this.#over || this.#spoke) return
      this.#write(this.#scribe.comment ?? ': ping\n\n')
    }
  }

  #sendHead(): void {
    if (this.#headSent) return
    this.#headSent = true
    const { streamType, greeting = '' } = this.#scribe
    this.#head.resolve({ status: 200, headers: { 'content-type': streamType }, body: this.#pipe })
    this.#write(greeting)
    if (this.#parts.pingMs > 0 && !this.#spoke) void this.#ping()
  }

  #write(text: string): void {
    if (text !== '') this.#parts.write(this.#pipe, text)
  }

  #respond(wording: Wording): void {
    this.#headSent = true
    this.#head.resolve(textResponse(wording))
  }

  #close(): void {
    this.#over = true
    this.#parts.ledger.open -= 1
    this.#signal?.removeEventListener('abort', this.#onGone)
    if (this.#run !== undefined) this.#parts.engine.drop(this.#run)
  }
}

/** Where what comes next is something else. */
function stopsOf({ thoughts }: Answer, { breaksAfter }: Fate): readonly number[] | undefined {
  if (thoughts === 0 && breaksAfter === Infinity) return undefined
  return [thoughts, breaksAfter, breaksAfter + 1]
}
