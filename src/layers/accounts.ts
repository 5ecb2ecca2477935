import type { Ask } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import type { Outcome, Progress, Reply } from '../core/reply.ts'
import type { Layer } from '../core/serve.ts'

/** Takes down how requests ended. */
interface Books {
  /** Throws the Fault of one who may not use up any more. */
  open(ask: Ask): Page
}

/** Of one request. */
interface Page {
  /** As it is to be passed on. */
  readonly ask: Ask
  /** What it came to; undefined where nobody counts that, or before it is closed. */
  readonly costNano: number | undefined
  readonly savedNano: number | undefined
  /** Written once; what it may give is to be waited for before the caller hears the end. */
  close(outcome: Outcome): Promise<void> | undefined
  fail(fault: Fault): Promise<void> | undefined
}

/**
 * Takes down every request that was tried, before its caller hears the end: an answer that somebody saw whole is in the
 * ledger, whatever happens to this process then.
 */
export function accounts(books: Books): Layer {
  return (next) => async (ask) => {
    const page = books.open(ask)
    let reply: Reply
    try {
      reply = await next(page.ask)
    } catch (error) {
      const fault = Fault.from(error, ask.signal)
      await written(page.fail(fault))
      throw fault
    }
    if (reply.stream) return new Accounted(reply, page)
    // It is here already, whole.
    const writing = page.close(await reply.outcome)
    if (writing !== undefined) await written(writing)
    return page.costNano === undefined && page.savedNano === undefined ? reply : new Accounted(reply, page)
  }
}

/** The ledger says itself that it is in trouble, and an answer that has been paid for is not kept back for that. */
const written = (writing: Promise<void> | undefined): Promise<void> | undefined => writing?.catch(() => {})

type Step = IteratorResult<Uint8Array>

/** An answer whose last word waits until it is written down that it was given. */
class Accounted implements Reply, AsyncIterableIterator<Uint8Array> {
  readonly stream: boolean
  readonly upstream: string
  readonly decision: string
  readonly outcome: Promise<Outcome>
  readonly progress: Progress | undefined
  readonly #reply: Reply
  readonly #page: Page
  #source: AsyncIterator<Uint8Array> | undefined
  #isClosed = false

  constructor(reply: Reply, page: Page) {
    this.stream = reply.stream
    this.upstream = reply.upstream
    this.decision = reply.decision
    this.progress = reply.progress
    this.#reply = reply
    this.#page = page
    this.outcome = reply.outcome.then(this.#onSettled)
  }

  get body(): AsyncIterable<Uint8Array> {
    return this
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Step> {
    this.#source ??= this.#reply.body[Symbol.asyncIterator]()
    return this.#source.next().then(this.#onStep, this.#onError)
  }

  async return(): Promise<Step> {
    // Whoever never read any of it must still have it ended.
    this.#source ??= this.#reply.body[Symbol.asyncIterator]()
    await this.#source.return?.()
    return { done: true, value: undefined }
  }

  readonly #onStep = (step: Step): Step | Promise<Step> => {
    if (this.#isClosed) return step
    const { progress } = this.#reply
    if (progress?.isWhole === true) {
      this.#isClosed = true
      const writing = this.#page.close(progress.outcome)
      return writing === undefined ? step : written(writing)!.then(() => step)
    }
    return step.done === true ? this.#atEnd().then(() => step) : step
  }

  readonly #onError = async (error: unknown): Promise<never> => {
    await this.#atEnd()
    throw error
  }

  /** The outcome is known by now, and there is nothing left but to write it down. */
  async #atEnd(): Promise<void> {
    this.#isClosed = true
    await written(this.#page.close(await this.#reply.outcome))
  }

  /** Also of one whose caller left, and of one that broke. */
  readonly #onSettled = (outcome: Outcome): Outcome => {
    void written(this.#page.close(outcome))
    const { costNano, savedNano } = this.#page
    return costNano === undefined && savedNano === undefined ? outcome : { ...outcome, costNano, savedNano }
  }
}
