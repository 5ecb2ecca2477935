import type { Need } from './ask.ts'
import type { Edits, Json } from './json.ts'

/** Asks one upstream something small: bounded in size and time, JSON both ways. */
export type Call = (request: {
  readonly method: 'GET' | 'POST' | 'HEAD' | 'DELETE'
  readonly path: string
  readonly body?: Json
  /** Longer than the usual few seconds: to load a model takes minutes. */
  readonly timeoutMs?: number
  /** Waits this long before asking: to look again at what takes its time. */
  readonly afterMs?: number
}) => Promise<{ readonly status: number; readonly json: unknown; readonly text: string }>

/** A model as an upstream lists it. */
export interface ListedModel {
  /** The server's own name for it. */
  readonly id: string
  /** Other spellings the server takes for the same model. */
  readonly aliases?: readonly string[]
  /** Context length in tokens, where known. */
  readonly contextTokens?: number
  /** In memory now; undefined where the server does not tell. */
  readonly loaded?: boolean
  /** In memory, and would go by itself if nobody asked for it for a while; undefined where the server does not tell. */
  readonly leaves?: boolean
  /** All that it can do; undefined where the server does not tell. */
  readonly can?: ReadonlySet<Need>
  /** Answers it gives at once before others wait inside the server, where that is known. */
  readonly slots?: number
  /** How busy the server is with this model alone, where it tells that apart. */
  readonly gauge?: Gauge
  /** What the server says about it in its own words: size, digest, details, capabilities. */
  readonly about?: Json
}

export interface Health {
  readonly models: readonly ListedModel[]
  readonly version?: string
  /** How busy the machine is on which all its models run. */
  readonly gauge?: Gauge
  /** Models that it holds in memory at once, where it says so. */
  readonly modelsMax?: number
  /** Something to be put right, for people: a setting of this server that will hurt. */
  readonly advice?: readonly string[]
}

/** A server's own word on how busy it is. */
export interface Gauge {
  readonly running: number
  /** Taken in and not begun. */
  readonly waiting: number
  /** How full its memory for contexts is, from 0 to 1. */
  readonly memory?: number
}

/** The other models of a server, as far as the gateway knows what they do. */
export interface Residents {
  /** Nobody uses it, and it is not one that is to stay. */
  readonly isIdle: (model: string) => boolean
  /** It was unloaded to make room. */
  readonly left: (model: string) => void
  /** After so long a load that is not over does not merely take its time: something keeps it. */
  readonly overdueMs: number
}

/** One model of a server, as it is to be used. */
export interface Setting {
  readonly model: string
  /** The context length it is to have, where the configuration sets one. */
  readonly contextTokens: number | undefined
  /** Whether it is to stay in memory although nobody asks for it; undefined for as the server is used to. */
  readonly stays?: boolean | undefined
}

/** A kind of server. Mostly data: a new kind is one file that fills this in. Shared code asks what it can do, never its name. */
export interface Backend {
  readonly kind: string
  /** What people call it. */
  readonly title: string
  /** Dialect → path, in order of preference. */
  readonly speaks: Readonly<Record<string, string>>
  /** Where a server of this kind usually listens on one's own machine; undefined for none. */
  readonly usualPort: number | undefined
  /** Where it keeps its models on its own machine, the likeliest first: `~` is the home folder, `$NAME` a variable. */
  readonly modelFolders?: readonly string[]
  /** Variables of the environment that people set for it and that it does not have: what to do instead. */
  readonly noVariables?: Readonly<Record<string, string>>
  /** The variable that says how many answers it gives at once. */
  readonly parallelVariable?: string
  /** 0 for one's own machines, 1 for what costs money. */
  readonly tier: number
  /** Places per model before anything is learned, when `concurrency` is auto. */
  readonly initialConcurrency: number
  /**
   * Ends what was asked for in one piece when its caller leaves. Where it does not, everything is asked for as a stream,
   * which it does end, and put together here.
   */
  readonly stopsWhole?: boolean
  /** The dialects in which it carries on an answer that is begun, to the letter. Only what was seen of real servers stands here. */
  readonly resumes?: readonly string[]
  /** What nobody can be asked for here, whatever the model. */
  readonly lacks?: readonly Need[]
  /** Its models think unless told not to: who did not ask for thoughts is not made to wait for them. */
  readonly thinksUnasked?: boolean
  /**
   * How it keeps prompts that it has read, so that the same beginning need not be read again: all of them until memory is
   * full, or in each slot the last one. Undefined where it makes no difference which server is asked.
   */
  readonly keepsPrompts?: 'blocks' | 'slots' | undefined
  /** Keeps answers, so that a request may refer to one by its id. */
  readonly remembers?: boolean
  /** What makes it carry on the last message of a prompt instead of replying to it. */
  readonly continueEdits?: Edits
  /** Headers that carry the key. `passed` are those of the caller that are passed on, in small letters. */
  authorize(key: string, passed?: ReadonlyMap<string, string>): readonly (readonly [name: string, value: string])[]
  /** Headers that a request needs even without a key. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** Up, and what it serves: throws when it is not. Never loads a model. */
  probe(call: Call): Promise<Health>
  /** How busy it is and nothing else, so cheap that it can be asked every second; undefined where it does not tell. */
  gauge?(call: Call): Promise<Gauge | undefined>
  /** What must change in a body before this kind of server may see it. */
  edits?(dialect: string, body: Json, setting: Setting): Edits | undefined
  /** All that the server tells about one of its models, in its own words. */
  describe?(call: Call, model: string): Promise<Json>
  /** False where it makes no room for another model by itself: it has to be told which one to let go. */
  readonly swaps?: boolean
  /** Brings a model into memory and resolves when it is there. Where another has to make room, it is one that nobody uses. */
  load?(call: Call, setting: Setting, others: Residents): Promise<void>
  unload?(call: Call, model: string): Promise<void>
  /**
   * Whether a model in memory that says nothing for long is at work all the same; undefined when that cannot be told. It
   * makes the model do nothing.
   */
  isAtWork?(call: Call, setting: Setting): Promise<boolean | undefined>
  /** Gets a model going again that has stopped in the middle of its answers, when all who waited for it have hung up. */
  revive?(call: Call, setting: Setting, others: Residents): Promise<void>
  /** How many tokens a request has, by the server's own tokenizer. `body` is in the first dialect it speaks. */
  countTokens?(call: Call, body: Json): Promise<number>
}
