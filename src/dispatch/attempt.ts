import type { Ask } from '../core/ask.ts'
import type { AnswerAbout, Begun, Dialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import type { Timeouts } from '../core/settings.ts'
import { untilGone } from '../core/until-gone.ts'
import type { Usage } from '../core/usage.ts'
import type { Watchdog, Watched } from '../core/watchdog.ts'
import { type Inbound, NetFault, type World } from '../core/world.ts'
import { collectFrom, translate, type Seen, type Translating } from '../dialects/translate.ts'
import { Stall, type Stallable } from '../fleet/pulse.ts'
import type { Lease } from '../scheduler/scheduler.ts'
import { aboutFor } from './about.ts'
import { Deadlines, framesMaxFor, Runaway } from './deadlines.ts'
import { brokenBy } from './endings.ts'
import { guessedUsage } from './guessed-usage.ts'
import { Meter } from './meter.ts'
import { phraseRest } from './continuation.ts'
import { retryAfterIn } from './retry-after.ts'
import { phrase, type Speech } from './speech.ts'
import type { Toll } from './toll.ts'
import { type Headers, headersFor, noHeaders } from './upstream-headers.ts'
import { readWhole } from './whole.ts'

export interface AttemptParts {
  readonly world: World
  readonly dialectOf: (id: string) => Dialect
  readonly timeouts: Timeouts
  readonly watchdog: Watchdog
}

interface AttemptMore {
  readonly begun?: Begun | undefined
  readonly toll?: Toll | undefined
}

/** More than this of an error answer is not worth reading. */
const errorMaxBytes = 64 * 1024
/** An answer in one piece is held in memory; this is far beyond any that a model gives. */
const answerMaxBytes = 64 * 1024 * 1024
const bytesPerToken = 4
/** So much may be held back of an answer that has not come to its first word. */
const heldMax = 32

/**
 * One try at one upstream. `open` resolves with the first bytes in hand: until then nothing has reached the caller, and
 * any other upstream may be tried instead. Whoever opened it reads `next` to the end or calls `close`.
 */
export class Attempt implements Watched, Stallable {
  readonly lease: Lease
  readonly startedAt: number
  deadline: number
  readonly #deadlines: Deadlines
  readonly #framesMax: number
  /** Its place in the watchdog's bag. */
  slot = -1
  firstTokenAt: number | undefined
  readonly #ask: Ask
  readonly #parts: AttemptParts
  readonly #speech: Speech
  readonly #begun: Begun | undefined
  /** Undefined where it costs nothing. */
  readonly #toll: Toll | undefined
  readonly #cut = new AbortController()
  readonly #seen: Seen = { usage: undefined, frames: 0, ended: false }
  readonly #onChunk = (
    step: IteratorResult<Uint8Array>,
  ): IteratorResult<Uint8Array> | Promise<IteratorResult<Uint8Array>> => {
    this.#isAwaited = false
    return this.#step(step)
  }
  /** Of an answer that is put together here. */
  readonly #onPieces = (): void => {
    this.firstTokenAt ??= this.#parts.world.now()
    this.#progressed(this.#seen.frames)
  }
  readonly #onError = (error: unknown): IteratorResult<Uint8Array> => {
    // Whatever breaks behind the last word of an answer takes nothing away from it.
    if (this.#isOver && !this.#ask.signal.aborted) {
      this.close()
      return { done: true, value: undefined }
    }
    throw this.#faultOf(error)
  }
  #source: AsyncIterator<Uint8Array> | undefined
  #meter: Meter | undefined
  /** What came before its first word, and that: nothing of it has reached the caller. */
  #held: IteratorResult<Uint8Array>[] | undefined
  /** When it was sent, and to a model that is there or comes by being asked. */
  #sentAt: number
  #frames = 0
  /** Of an answer that is written anew, the end was: read and not written, it may still come to nothing. */
  #isEndWritten = false
  /** Somebody waits for what comes next. */
  #isAwaited = false
  #late = false
  #stall: Stall | undefined
  #over = false

  /** With what is `begun`, it asks for the rest. Whatever becomes of it, it ends the `toll`. */
  constructor(ask: Ask, lease: Lease, parts: AttemptParts, { begun, toll }: AttemptMore = {}) {
    this.lease = lease
    this.#ask = ask
    this.#parts = parts
    this.#begun = begun
    this.#toll = toll
    const tokensMax = toll?.outputTokensMax
    this.#speech =
      begun === undefined
        ? phrase(ask, lease, parts.dialectOf, tokensMax)
        : phraseRest(ask, lease, begun, parts.dialectOf, tokensMax)
    this.startedAt = parts.world.now()
    this.#sentAt = this.startedAt
    this.#deadlines = new Deadlines(parts.timeouts, { lease, whole: !this.shows, now: this.startedAt })
    this.#framesMax = framesMaxFor(ask, lease, tokensMax)
    this.deadline = this.#deadlines.firstToken(this.startedAt, false)
    lease.heldBy(this)
  }

  /** An answer that is handed on in one piece is not seen before it is whole. */
  get shows(): boolean {
    return this.#ask.stream || this.#speech.answer === 'read'
  }

  /** Its caller does not read: that nothing more comes of it says nothing of its server, which is not let go on. */
  get isHeldUp(): boolean {
    return this.#ask.stream && this.firstTokenAt !== undefined && !this.#isAwaited
  }

  /** Why here, for people, and what of it was cut. */
  get decision(): string {
    return this.lease.decision + (this.#toll?.wordsFor(this.#ask) ?? '')
  }

  /** Of all that was handed on, the last says that it is whole: what comes behind it says nothing. */
  get isWhole(): boolean {
    return this.#held === undefined && this.#isOver
  }

  get #isOver(): boolean {
    return this.#meter === undefined ? this.#isEndWritten : this.#meter.watcher.over
  }

  /** Token counts: the server's own, else what could be counted on the way. */
  get usage(): Usage {
    const seen = this.#meter?.watcher ?? this.#seen
    return seen.usage ?? guessedUsage(this.#ask, seen)
  }

  async open(): Promise<void> {
    const { world, watchdog } = this.#parts
    this.#ask.signal.addEventListener('abort', this.#hangUp)
    watchdog.watch(this)
    try {
      if (this.#ask.signal.aborted) throw new Fault('cancelled', 'The caller went away.')
      const ready = this.lease.upstream.ready(this.lease.model)
      if (ready !== undefined) await this.#untilLoaded(ready)
      const { settings } = this.lease.upstream
      this.#toll?.sent()
      const inbound = await world.send({
        method: 'POST',
        origin: settings.origin,
        path: this.#speech.path,
        headers: headersFor(this.lease.upstream, this.#passedHeaders()),
        body: this.#speech.body,
        signal: this.#cut.signal,
      })
      if (inbound.status !== 200) throw await this.#refusal(inbound)
      if (this.#ask.stream) await this.#openStream(inbound)
      else await this.#openWhole(inbound)
    } catch (error) {
      throw this.#faultOf(error)
    }
  }

  /** The chunks of the answer, the first one included. Rejects with a Fault when it breaks, however it looked on the wire. */
  next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#held !== undefined) {
      const first = this.#held.shift()!
      if (this.#held.length === 0) this.#held = undefined
      return Promise.resolve(first)
    }
    if (this.#over) return Promise.resolve({ done: true, value: undefined })
    this.#isAwaited = true
    return this.#source!.next().then(this.#onChunk, this.#onError)
  }

  close(error?: unknown): void {
    if (this.#over) return
    this.#toll?.breakOff(this.usage, { error, hasSpoken: this.#hasSpoken })
    this.#end()
    this.#cut.abort()
  }

  expire(): void {
    const more = this.#later(this.#parts.world.now())
    if (more !== undefined) {
      this.deadline = more
      this.#parts.watchdog.watch(this)
      return
    }
    this.#late = true
    this.#cut.abort()
  }

  /** When to look again, where it is not the server that is late. */
  #later(now: number): number | undefined {
    if (this.firstTokenAt === undefined) return this.#deadlines.extended(this.#sentAt)
    const next = this.#deadlines.gap(now)
    return this.isHeldUp && next > now ? next : undefined
  }

  stalled(): void {
    this.#stall = new Stall()
    this.#cut.abort()
  }

  /** The time for a first token begins when there is a model to give one. Whoever leaves meanwhile does not stop the load. */
  async #untilLoaded(ready: Promise<void>): Promise<void> {
    const { world } = this.#parts
    this.deadline = this.#deadlines.load(world.now())
    await untilGone(ready, this.#cut.signal)
    this.#sentAt = world.now()
    this.deadline = this.#deadlines.firstToken(this.#sentAt, true)
  }

  async #openStream(inbound: Inbound): Promise<void> {
    const speech = this.#speech
    if (speech.answer === 'read') {
      this.#source = translate(inbound.body, this.#translating(speech), this.#seen)[Symbol.asyncIterator]()
    } else if (speech.answer === 'passes' && speech.dialect.form === 'talk') {
      this.#meter = new Meter(speech.dialect, speech)
      this.#source = inbound.body[Symbol.asyncIterator]()
    } else {
      throw new Fault('internal', 'Vectors do not come as a stream.')
    }
    // What comes before its first word, a greeting or a comment, promises nothing: it must not cost us the chance to go elsewhere.
    const held: IteratorResult<Uint8Array>[] = []
    for (;;) {
      const step = await this.next()
      const isDue = step.done === true || this.#hasSpoken
      if (isDue || !isComment(step.value)) held.push(step)
      if (isDue || held.length > heldMax) break
    }
    this.#held = held
    this.firstTokenAt = this.#parts.world.now()
  }

  /** It has said a word, or that it has none to say. */
  get #hasSpoken(): boolean {
    const { frames, ended } = this.#meter?.watcher ?? this.#seen
    return frames > 0 || ended
  }

  async #openWhole(inbound: Inbound): Promise<void> {
    const speech = this.#speech
    let answer: Uint8Array
    if (speech.answer === 'read') {
      answer = jsonBytes(await collectFrom(inbound.body, this.#translating(speech), this.#seen, this.#onPieces))
    } else {
      const { dialect } = speech
      answer = await readWhole(inbound, answerMaxBytes)
      // Some servers say what went wrong under a 200.
      const fault = dialect.faultIn(answer)
      if (fault !== undefined) throw fault
      this.#seen.usage = dialect.usageOf(answer)
      // Where nobody counted them, it has about as many tokens as it is long.
      this.#seen.frames = dialect.form === 'talk' ? Math.ceil(answer.length / bytesPerToken) : 0
      if (speech.answer === 'vectors')
        answer = jsonBytes(speech.to.writeVectors(speech.dialect.readVectors(answer), this.#about(), this.#ask.body))
      else if (speech.rename !== undefined) answer = dialect.rename(answer, speech.rename)
    }
    this.#held = [{ done: false, value: answer }]
    this.firstTokenAt ??= this.#parts.world.now()
    this.#end()
  }

  #step(step: IteratorResult<Uint8Array>): IteratorResult<Uint8Array> | Promise<IteratorResult<Uint8Array>> {
    const meter = this.#meter
    if (meter === undefined) {
      if (step.done === true) this.#end()
      else this.#progressed(this.#seen.frames)
      this.#isEndWritten = this.#seen.ended
      if (this.#toll !== undefined && this.#seen.ended) this.#toll.settle(this.usage)
      return step
    }
    if (step.done === true) return this.#finish(meter)
    const out = meter.pass(step.value)
    this.#progressed(meter.watcher.frames)
    if (this.#toll !== undefined && meter.watcher.over) this.#toll.settle(this.usage)
    if (out !== undefined) return { done: false, value: out }
    return meter.watcher.fault === undefined ? this.next() : this.#onError(meter.watcher.fault)
  }

  #finish(meter: Meter): IteratorResult<Uint8Array> {
    const rest = meter.rest()
    if (rest !== undefined) {
      // The next call finds the source done and nothing torn, and comes here again.
      return { done: false, value: rest }
    }
    if (meter.watcher.fault !== undefined) return this.#onError(meter.watcher.fault)
    if (!meter.watcher.ended)
      throw this.#faultOf(
        meter.watcher.silentEnd ?? new Fault('upstream-broke', 'The server closed the stream before it was whole.'),
      )
    this.#end()
    return { done: true, value: undefined }
  }

  /** Whole frames that say something are progress; bytes, pings and greetings are not. */
  #progressed(frames: number): void {
    if (frames === this.#frames) return
    this.#frames = frames
    const now = this.#parts.world.now()
    this.deadline = this.#deadlines.gap(now)
    this.lease.progressed(now)
    this.#toll?.heard(this.usage)
    if (frames > this.#framesMax) {
      const text = `The server ${this.lease.upstream.settings.name} did not stop, far beyond what was asked for.`
      throw this.#faultOf(new Fault('upstream-broke', text, { cause: new Runaway() }))
    }
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#toll?.settle(this.usage)
    this.#parts.watchdog.release(this)
    this.#ask.signal.removeEventListener('abort', this.#hangUp)
  }

  readonly #hangUp = (): void => this.#cut.abort()

  async #refusal(inbound: Inbound): Promise<Fault> {
    const body = text(await readWhole(inbound, errorMaxBytes))
    const retryAfterMs = retryAfterIn(inbound.headers, this.#parts.world.epochMs())
    return this.#speech.dialect.readFault({ status: inbound.status, body, retryAfterMs })
  }

  #faultOf(error: unknown): Fault {
    this.close(error)
    if (this.#ask.signal.aborted) return Fault.from(error, this.#ask.signal)
    const { name } = this.lease.upstream.settings
    if (this.#stall !== undefined)
      return new Fault('upstream-slow', `The server ${name} has stopped in the middle of its answers.`, {
        cause: this.#stall,
      })
    if (this.#late && this.firstTokenAt !== undefined && this.#deadlines.isOver(this.#parts.world.now())) {
      const text = `The server ${name} had not ended when an answer has to.`
      return new Fault('upstream-slow', text, { cause: new Runaway() })
    }
    if (this.#late) {
      const what = this.firstTokenAt === undefined ? 'gave no first token' : 'fell silent in mid-stream'
      return new Fault('upstream-slow', `The server ${name} ${what} in time.`, { cause: error })
    }
    return error instanceof NetFault ? brokenBy(error, name) : Fault.from(error)
  }

  #translating({ dialect, to, oneCall }: Extract<Speech, { answer: 'read' }>): Translating {
    return { from: dialect, to, oneCall, about: this.#about() }
  }

  /** Headers are part of a dialect: in another one they say nothing. */
  #passedHeaders(): Headers {
    const { answer, dialect } = this.#speech
    return answer === 'passes' && dialect.id === this.#ask.dialect ? this.#ask.headers : noHeaders
  }

  #about(): AnswerAbout {
    const { world, dialectOf } = this.#parts
    return aboutFor(this.#ask, dialectOf(this.#ask.dialect), world, this.#begun)
  }
}

const colon = 0x3a

/** Nothing but comments: one read may bring a comment and a frame together. */
const isComment = (chunk: Uint8Array): boolean => chunk[0] === colon && !/\n(?:data|event|error)/.test(text(chunk))

const text = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')

const jsonBytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
