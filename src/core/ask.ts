import type { Limits } from './allowance.ts'
import type { Budget, Team } from './budget.ts'
import type { Json } from './json.ts'
import type { Prefix } from './prefix.ts'
import type { Purse } from './purse.ts'

export type Priority = 'interactive' | 'default' | 'batch'

export type Cloud = 'allowed' | 'never'

/** Who asks. Resolved at the door; a key never travels further than that. */
export interface Caller {
  readonly id: string
  /** Share of a contended upstream, relative to other callers. */
  readonly weight: number
  readonly priority: Priority
  /** The models this caller may use; all of them when undefined. */
  readonly models: ReadonlySet<string> | undefined
  readonly cloud: Cloud
  readonly limits?: Limits | undefined
  /** What it may use up; without any, as much as its team and the gateway may. */
  readonly budgets?: readonly Budget[] | undefined
  readonly team?: Team | undefined
  /** The public part of its key, where that was made here. */
  readonly key?: string | undefined
  /** Families of dialects it may speak (`openai`, `anthropic`, `ollama`); all of them when undefined. */
  readonly dialects?: ReadonlySet<string> | undefined
  /** Whether an answer may be cut to what the rest of a budget buys, rather than refused. Undefined for yes. */
  readonly clamp?: boolean | undefined
  /** Tells apart those who have no name, where they have limits. */
  readonly address?: string | undefined
}

/** What a request asks of a model beyond being there. A server that is known to lack it is not asked. */
export type Need =
  /** A turn in a conversation, more of a plain text, what stands between two texts, vectors. */
  | 'chat'
  | 'text'
  | 'infill'
  | 'vectors'
  | 'tools'
  | 'vision'
  | 'audio'
  | 'thinking'
  | 'logprobs'
  /** The server has kept what was said before, under an id. */
  | 'memory'

/** A request for no words at all: some clients load and unload models so. */
export type Errand = 'load' | 'unload'

/** What admission must know of a request, read from its body by its dialect in one look. */
export interface Glance {
  readonly model: string
  readonly stream: boolean
  /** Estimated from the text; no tokenizer runs on the event loop. */
  readonly promptTokens: number
  /** What the caller allows at most; undefined when it did not say. */
  readonly outputTokensMax: number | undefined
  /** How many answers it wants at once, each as long as that; undefined for one. */
  readonly answers?: number | undefined
  readonly needs: readonly Need[]
  readonly errand?: Errand | undefined
  /** How the prompt begins; undefined where there is nothing that would be worth finding again. */
  readonly prefix?: Prefix | undefined
}

/** What a caller wants, frozen at the door. Nothing downstream edits it; a layer that must change it passes on a copy. */
export interface Ask extends Glance {
  readonly id: string
  readonly caller: Caller
  /** The first guess behind `promptTokens`, from the text alone; undefined where that is all there is. */
  readonly guessedTokens?: number | undefined
  /** The model that was asked for, where this one stands in for it. */
  readonly standsInFor?: string | undefined
  /** Id of the dialect the caller speaks. */
  readonly dialect: string
  /** The client's JSON, parsed once. */
  readonly body: Json
  /** The bytes `body` was parsed from. A layer that replaces the body drops them. */
  readonly raw: Uint8Array | undefined
  /** Headers that an upstream of the same dialect is to see, in small letters. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly priority: Priority
  readonly cloud: Cloud
  /** How long the caller is glad to wait for a first token; beyond it, costlier upstreams may serve. */
  readonly patienceMs: number
  /** What pays for it where it is served for money; undefined where nobody counts that. */
  readonly purse?: Purse | undefined
  /** False: it is rather refused than cut to what the rest of a budget buys. */
  readonly clamp?: boolean | undefined
  /** How long until the whole answer; what comes later is of no use to the caller. Undefined where it does not matter. */
  readonly deadlineMs?: number | undefined
  readonly arrivedAt: number
  /** Fires when the caller goes away. */
  readonly signal: AbortSignal
}
