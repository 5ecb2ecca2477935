import type { Ask, Caller, Cloud, Priority } from '../core/ask.ts'
import type { Dialect } from '../core/dialect.ts'
import type { Json } from '../core/json.ts'
import type { Purse } from '../core/purse.ts'
import type { CallerSettings, Settings } from '../core/settings.ts'
import type { World } from '../core/world.ts'

/** What a request brings along, before defaults. */
export interface AskInput {
  readonly dialect: Dialect
  readonly body: Json
  /** The bytes the body was parsed from, so that they can be passed on as they are. */
  readonly raw?: Uint8Array
  readonly caller: Caller
  readonly signal: AbortSignal
  readonly id?: string | undefined
  /** The id is our own and never comes twice, rather than what somebody calls it who may say the same again. */
  readonly isOurId?: boolean | undefined
  readonly patienceMs?: number | undefined
  readonly deadlineMs?: number | undefined
  readonly priority?: Priority | undefined
  readonly cloud?: Cloud | undefined
  /** Whether it may be cut to what the rest of a budget buys, or is rather refused; as its caller is set where it does not say. */
  readonly clamp?: 'allowed' | 'never' | undefined
  /** Those that the dialect names in `passHeaders`. */
  readonly headers?: readonly (readonly [name: string, value: string])[] | undefined
}

interface AskingParts {
  readonly world: World
  readonly settings: () => Settings
  readonly wishesOf: (caller: Caller) => Pick<CallerSettings, 'patienceMs' | 'deadlineMs'> | undefined
  /** How many tokens a model makes of a text, by the first guess. */
  readonly estimate: (model: string, guessedTokens: number) => number
  readonly isPrivate: (model: string) => boolean
  readonly purseOf: (caller: Caller, id: string) => Purse | undefined
  /** Nobody may ask who is not known. */
  readonly haveNames: () => boolean
}

/** Reads requests into asks, with all that was not said filled in. */
export class Asking {
  readonly #parts: AskingParts
  /** Sets the ids of this process apart from those of any other. */
  readonly #idStart: string
  #asked = 0

  constructor(parts: AskingParts) {
    this.#parts = parts
    this.#idStart = Math.floor(parts.world.random() * 0x1_0000_0000_0000).toString(36)
  }

  /** Throws `bad-request`. */
  ask({ dialect, body, raw, caller, signal, headers, ...said }: AskInput): Ask {
    const { world, settings, wishesOf, estimate, isPrivate, purseOf, haveNames } = this.#parts
    const { model, stream, promptTokens, outputTokensMax, answers, needs, errand, prefix } = dialect.glance(body)
    const wishes = wishesOf(caller)
    const { queue } = settings()
    const { id = this.#nextId(), isOurId = said.id === undefined } = said
    return {
      id,
      caller,
      dialect: dialect.id,
      model,
      stream,
      promptTokens: estimate(model, promptTokens),
      guessedTokens: promptTokens,
      outputTokensMax,
      answers,
      needs,
      errand,
      prefix,
      body,
      raw,
      headers: headers ?? noHeaders,
      priority: granted(said.priority, caller, haveNames()),
      // A caller may keep a request at home, never send one out that must stay.
      cloud: said.cloud === 'never' || isPrivate(model) ? 'never' : caller.cloud,
      patienceMs: said.patienceMs ?? wishes?.patienceMs ?? queue.patienceMs,
      deadlineMs: said.deadlineMs ?? wishes?.deadlineMs ?? queue.deadlineMs,
      // What is paid for under one id is paid for once.
      purse: purseOf(caller, isOurId ? id : `${id}~${this.#nextId()}`),
      clamp: said.clamp === undefined ? caller.clamp : said.clamp === 'allowed',
      arrivedAt: world.now(),
      signal,
    }
  }

  #nextId(): string {
    this.#asked += 1
    return `${this.#idStart}-${this.#asked.toString(36)}`
  }
}

const noHeaders: Ask['headers'] = []

/** Where callers have names, one may step back in the queue, not forward; where they have none, their word is all there is. */
function granted(wished: Priority | undefined, { priority }: Caller, haveNames: boolean): Priority {
  if (wished === undefined) return priority
  return !haveNames || ranks[wished] > ranks[priority] ? wished : priority
}

const ranks: Readonly<Record<Priority, number>> = { interactive: 0, default: 1, batch: 2 }
