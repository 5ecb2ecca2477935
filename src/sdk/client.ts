import type { Ask, Caller } from '../core/ask.ts'
import type { TalkDialect } from '../core/dialect.ts'
import { Fault } from '../core/fault.ts'
import type { Json } from '../core/json.ts'
import type { FinishReason, Part } from '../core/part.ts'
import type { Outcome, Reply } from '../core/reply.ts'
import type { Usage } from '../core/usage.ts'

/** A request as OpenAI's chat completions take it; whatever else the server knows may stand beside. */
export interface ChatParams extends Json {
  readonly model: string
  readonly messages: readonly Json[]
}

export interface CallOptions {
  readonly signal?: AbortSignal
  /** How long until the first token; beyond it the gateway may use a costlier upstream. */
  readonly patienceMs?: number
  /** How long until the whole answer; what would come later is refused, or served by a costlier upstream. */
  readonly deadlineMs?: number
  readonly priority?: Ask['priority']
  readonly cloud?: Ask['cloud']
}

export interface ToolUse {
  readonly id: string
  readonly name: string
  /** JSON text, as the model wrote it. */
  readonly arguments: string
}

export interface ChatResult {
  readonly text: string
  readonly thinking: string
  readonly toolCalls: readonly ToolUse[]
  readonly finishReason: FinishReason
  readonly usage: Usage
  /** Who answered, and why there. */
  readonly upstream: string
  readonly decision: string
}

export type StreamPart = Exclude<Part, { type: 'end' }>

/** The pieces of an answer as they come, and the whole of it at the end. Iterate first, then await `result`. */
export interface ChatStream extends AsyncIterable<StreamPart> {
  readonly upstream: string
  readonly decision: string
  readonly result: Promise<ChatResult>
}

/** What a client needs of whatever it talks to: the gateway in this process, or one at an address. */
export interface Line {
  readonly dialect: TalkDialect
  open(
    params: ChatParams & { readonly stream: true },
    options: CallOptions & { readonly signal: AbortSignal },
  ): Promise<Reply>
}

/** The typed client over any line. */
export class Client {
  readonly #line: Line

  constructor(line: Line) {
    this.#line = line
  }

  async chat(params: ChatParams, options: CallOptions = {}): Promise<ChatResult> {
    const stream = await this.stream(params, options)
    const parts = stream[Symbol.asyncIterator]()
    while ((await parts.next()).done !== true);
    return stream.result
  }

  async stream(params: ChatParams, options: CallOptions = {}): Promise<ChatStream> {
    const cut = new AbortController()
    const hangUp = (): void => cut.abort()
    options.signal?.addEventListener('abort', hangUp)
    if (options.signal?.aborted === true) hangUp()
    // Always as a stream: it shows the first token, and hanging up stops the work on every server.
    const withUsage = { ...params, stream: true as const, stream_options: { include_usage: true } }
    try {
      const reply = await this.#line.open(withUsage, { ...options, signal: cut.signal })
      return new Stream(reply, this.#line.dialect, () => options.signal?.removeEventListener('abort', hangUp), cut)
    } catch (error) {
      options.signal?.removeEventListener('abort', hangUp)
      throw error
    }
  }
}

class Stream implements ChatStream {
  readonly upstream: string
  readonly decision: string
  readonly result: Promise<ChatResult>
  readonly #reply: Reply
  readonly #dialect: TalkDialect
  readonly #done: () => void
  readonly #cut: AbortController
  readonly #resolve: (result: ChatResult) => void
  readonly #reject: (fault: Fault) => void

  constructor(reply: Reply, dialect: TalkDialect, done: () => void, cut: AbortController) {
    const { promise, resolve, reject } = Promise.withResolvers<ChatResult>()
    // Whoever only iterates hears of a fault there; the second telling must not take the process down.
    promise.catch(() => {})
    this.upstream = reply.upstream
    this.decision = reply.decision
    this.result = promise
    this.#reply = reply
    this.#dialect = dialect
    this.#done = done
    this.#cut = cut
    this.#resolve = resolve
    this.#reject = reject
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamPart, void> {
    const gathered = new Gathered()
    let fault: Fault | undefined = new Fault('cancelled', 'The stream was not read to its end.')
    try {
      for await (const part of partsOf(this.#reply.body, this.#dialect)) {
        gathered.add(part)
        if (part.type !== 'end') yield part
      }
      // A reply whose caller went away just ends, since nobody is there to be told: but here somebody is.
      if (this.#cut.signal.aborted) throw new Fault('cancelled', 'The caller went away.')
      fault = undefined
    } catch (error) {
      fault = Fault.from(error)
      throw fault
    } finally {
      this.#done()
      if (fault === undefined) this.#resolve(gathered.result(this.#reply, await this.#reply.outcome))
      else {
        this.#cut.abort()
        this.#reject(fault)
      }
    }
  }
}

async function* partsOf(body: AsyncIterable<Uint8Array>, dialect: TalkDialect): AsyncGenerator<Part> {
  const read = dialect.partReader()
  const decoder = new TextDecoder()
  let held = ''
  for await (const chunk of body) {
    const frames = (held + decoder.decode(chunk, { stream: true })).split(dialect.frameEnd)
    held = frames.pop() ?? ''
    for (const frame of frames) yield* read(frame)
  }
  if (held.trim() !== '') yield* read(held)
}

class Gathered {
  #text = ''
  #thinking = ''
  readonly #tools: { id: string; name: string; arguments: string }[] = []
  #finishReason: FinishReason = 'stop'
  #usage: Usage | undefined

  add(part: Part): void {
    switch (part.type) {
      case 'text-delta':
        this.#text += part.text
        break
      case 'thinking-delta':
        this.#thinking += part.text
        break
      case 'tool-start':
        this.#tools[part.index] = { id: part.id, name: part.name, arguments: '' }
        break
      case 'tool-delta': {
        const tool = this.#tools[part.index]
        if (tool !== undefined) tool.arguments += part.arguments
        break
      }
      case 'finish':
        this.#finishReason = part.reason
        break
      case 'usage':
        this.#usage = part.usage
        break
      case 'end':
        break
    }
  }

  result({ upstream, decision }: Reply, outcome: Outcome): ChatResult {
    return {
      text: this.#text,
      thinking: this.#thinking,
      toolCalls: this.#tools,
      finishReason: this.#finishReason,
      usage: this.#usage ?? outcome.usage,
      upstream,
      decision,
    }
  }
}

/** An application speaks for itself: it is its own caller. */
export const application: Caller = {
  id: 'application',
  weight: 1,
  priority: 'default',
  models: undefined,
  cloud: 'allowed',
}
