import type { Allowances } from './allowance.ts'
import type { Errand, Glance } from './ask.ts'
import type { Fault } from './fault.ts'
import type { Edits, Json } from './json.ts'
import type { Part } from './part.ts'
import type { Prompt } from './prompt.ts'
import type { Usage } from './usage.ts'
import type { Inputs, Vectors } from './vectors.ts'

/** What an answer must say of itself beyond its content. */
export interface AnswerAbout {
  readonly id: string
  /** As the caller spelled it. */
  readonly model: string
  /** The estimate of admission, for formats that tell the count before the server does. */
  readonly promptTokens: number
  readonly createdMs: number
  /** Whether the caller asked to see the token counts of a stream. */
  readonly wantsUsage: boolean
  /** Now, for formats that date every frame or time the whole. */
  readonly epochMs: () => number
  /** What the caller asked with, for formats whose answers repeat some of it. */
  readonly body?: Json
  /** What the caller has heard of it already, from another server: it begins no second time. */
  readonly begun?: Begun | undefined
}

/** An answer that stopped half way, as far as its caller has heard it. */
export interface Begun {
  readonly text: string
  /** Of which so many tokens, as far as they can be told apart. */
  readonly tokens: number
  /** The name it goes by on the wire, and its date; undefined in formats that have none. */
  readonly id: string | undefined
  readonly createdMs: number | undefined
}

/** What there is to tell a caller who waits for the first token. */
export interface WaitAbout {
  /** As the caller spelled it. */
  readonly model: string
  readonly epochMs: number
  /** Undefined when it does not stand in the queue, but waits for a server to speak. */
  readonly position: Position | undefined
}

/** Where an ask stands in the queue. */
export interface Position {
  /** How many are thought to be served before it. */
  readonly ahead: number
  /** Until its first token, as is predicted now; undefined when nobody can serve it at the moment. */
  readonly firstTokenMs: number | undefined
}

/** What can be asked of a model: a turn in a conversation, more of a plain text, or vectors. */
export type Task = 'chat' | 'text' | 'vectors'

/** A wire format, spoken in both directions: the same file reads what a client sends and writes what an upstream wants. */
export type Dialect = TalkDialect | VectorDialect

/** What all wire formats have, whatever they are for. */
interface CommonDialect {
  readonly id: string
  /** Where clients find it. */
  readonly routes: readonly string[]
  /** What can be said in it, the usual first. */
  readonly tasks: readonly Task[]
  /** Content type of its streams. */
  readonly streamType: string
  /** Headers of a caller that an upstream of the same dialect is to see as they are. */
  readonly passHeaders?: readonly string[]
  /** The name by which clients look for the id of their request, beside `x-request-id`. */
  readonly idHeader?: string

  /** All that admission needs. Throws a `bad-request` that names the field at fault. */
  glance(body: Json): Glance

  /** Token counts of an answer in one piece. */
  usageOf(answer: Uint8Array): Usage | undefined
  /** What an answer in one piece says went wrong under a 200: an error, or an end that is none; undefined when it is sound. */
  faultIn(answer: Uint8Array): Fault | undefined
  /** An answer in one piece with its model renamed; the same object when there is nothing to rename. */
  rename(answer: Uint8Array, names: Rename): Uint8Array

  /** What a request that asks for no words at all, only that the model be loaded or unloaded, is answered. */
  errandDone?(errand: Errand, about: AnswerAbout): Json

  /** An error answer before anything was streamed. */
  writeFault(fault: Fault, requestId?: string): Json
  /** The status this dialect's clients know such an error by, where it is not the fault's own. */
  statusOf?(fault: Fault): number
  /** Names of its own for what is left to a caller, beside those that all answers have; name and value in turn. */
  limitHeaders?(allowances: Allowances): readonly string[]
  /** The error as a frame of a stream that has begun. After it nothing that looks like an end may follow. */
  faultFrame(fault: Fault): string
  /** Whether this client understands such an error only within a stream, although nothing of one has been sent. */
  hearsInStream?(fault: Fault, header: (name: string) => string | undefined): boolean
  /** What an upstream of this dialect meant by an error answer. */
  readFault(answer: {
    readonly status: number
    readonly body: string
    readonly retryAfterMs: number | undefined
  }): Fault
}

/** A dialect in which models speak, in streams or in one piece. */
export interface TalkDialect extends CommonDialect {
  readonly form: 'talk'
  /** What ends one frame of a stream, as this dialect writes it. */
  readonly frameEnd: string
  /** Its servers end a stream without a word when the model says the same again and again. */
  readonly givesUpOverRepeats?: boolean
  /** Whether the caller of this body wants to see usage in the stream. */
  wantsUsage(body: Json): boolean

  readPrompt(body: Json): Prompt
  writePrompt(prompt: Prompt): Json

  /**
   * A fresh reader for one stream; it is given whole frames without their end. Throws a Fault for an error in band. A server
   * that counts on the way is heard of by `onCounted`: of the prompt its word is good, of the answer it is not the last.
   */
  partReader(onCounted?: (usage: Usage) => void): (frame: string) => Part[]
  /** A fresh writer for one stream. What it returns are whole frames, or '' while it holds something back. */
  partWriter(about: AnswerAbout): (part: Part) => string
  /** The answer in one piece. */
  collect(parts: Iterable<Part>, about: AnswerAbout): Json

  /** A frame that says only that the request is alive, for a stream that has not begun to speak. Clients read over it. */
  readonly heartbeat?: (about: WaitAbout) => string

  /** What must change in a body that is passed on in its own dialect, so that usage can be seen in the stream. */
  usageEdits(body: Json): Edits | undefined
  /** What must change in a body so that no server answers with more tokens, whatever it calls the limit; undefined where it says so. */
  limitEdits(body: Json, tokens: number): Edits | undefined
  /** A fresh watcher over one stream that is passed through. */
  watcher(options: WatchOptions): Watcher
  readonly recall?: Recall
  /** How a stream that broke is gone on with by another server; undefined where nobody could tell where it stands. */
  readonly carryOn?: CarryOn
}

/** For streams of which one server says the beginning and another the rest. */
export interface CarryOn {
  /** Looks at one stream as its caller hears it, frame by frame, and tells whether more words may follow this one. */
  follow(): (frame: string) => boolean
  /**
   * What must change in a body so that the model goes on from this text; undefined where a seam would show. Without this,
   * no server is asked to in this dialect.
   */
  edits?(body: Json, text: string, tokensLeft: number | undefined): Edits | undefined
}

/** For a dialect whose requests may name pieces of earlier answers instead of saying them. */
export interface Recall {
  /** The request with the pieces in the place of their names; undefined when one is not known, the same object when there are none. */
  resolve(body: Json, find: (id: string) => Json | undefined): Json | undefined
  /** Whether later requests may name pieces of the answer to this one. */
  isKept(body: Json): boolean
  /** The pieces in whole frames of an answer, or in an answer in one piece; each has its name as `id`. */
  piecesIn(bytes: Uint8Array): readonly Json[]
}

/** A dialect in which texts are turned into vectors. */
export interface VectorDialect extends CommonDialect {
  readonly form: 'vectors'
  readInputs(body: Json): Inputs
  writeInputs(inputs: Inputs): Json
  /** Throws a Fault for an answer that is none. */
  readVectors(answer: Uint8Array): Vectors
  /** `body` is what the caller asked with: some of it says how the answer is to be written. */
  writeVectors(vectors: Vectors, about: AnswerAbout, body: Json): Json
}

export interface Rename {
  readonly from: string
  readonly to: string
}

export interface WatchOptions {
  /** The usage frame was asked for by us: keep it from a caller who did not ask. */
  readonly hideUsage: boolean
  /** The upstream's name for the model, and the caller's. */
  readonly rename: Rename | undefined
}

/**
 * Looks at a passing stream without decoding it, as far as bytes allow. It is given whole frames, many at a time.
 */
export interface Watcher {
  /** What goes on to the caller: the very same object unless a frame is hidden or a model renamed; undefined for nothing. */
  see(frames: Uint8Array): Uint8Array | undefined
  readonly usage: Usage | undefined
  /** What was counted on the way, where a server does that: of the prompt, that is the whole. */
  readonly counted?: Usage | undefined
  /** Frames that carried content so far: a lower bound of the tokens, when the server never counts them. */
  readonly frames: number
  /** The stream has said that it is whole. */
  readonly ended: boolean
  /** It has said its last word: what follows says nothing more, not even counts. */
  readonly over: boolean
  /** The stream has said that it failed. `see` does not pass such a frame on. */
  readonly fault: Fault | undefined
  /** What it means that the stream ends here without a word; undefined where it just broke. */
  readonly silentEnd?: Fault | undefined
}
