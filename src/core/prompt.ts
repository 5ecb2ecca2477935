import type { Json } from './json.ts'

/** A request in neutral form: what every dialect can be read into and written from. */
export interface Prompt {
  readonly model: string
  readonly messages: readonly Message[]
  /** Instead of messages: a text as the model is to see it, without any template around it. */
  readonly text?: PlainText | undefined
  /** The last message is the beginning of the answer, to be carried on and not to be replied to. */
  readonly continues?: boolean | undefined
  readonly stream: boolean
  readonly outputTokensMax: number | undefined
  readonly sampling: Sampling
  readonly stop: readonly string[]
  readonly tools: readonly Tool[]
  readonly toolChoice: ToolChoice | undefined
  /** False when the caller wants one tool call at a time. */
  readonly parallelTools: boolean | undefined
  readonly format: Format | undefined
  readonly reasoning: Reasoning | undefined
  readonly user: string | undefined
  /** How many alternatives are to be told for each token; undefined when no probabilities are wanted. */
  readonly logprobs?: number | undefined
  /** Requests with the same key begin with the same text. */
  readonly cacheKey?: string | undefined
}

export interface PlainText {
  readonly before: string
  /** What is to follow the gap that the model fills. */
  readonly after: string | undefined
  /** The answer is to begin with the text itself. */
  readonly echo?: boolean | undefined
}

export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: readonly Content[]
  /** Of an assistant. */
  readonly toolCalls: readonly ToolCall[]
  /** Of a tool: which call this answers, and what the tool is called where known. */
  readonly toolCallId: string | undefined
  readonly name: string | undefined
  /** Of a tool: it went wrong. */
  readonly isError?: boolean | undefined
}

export type Content =
  | { readonly type: 'text'; readonly text: string }
  /** Signed by the service that thought it, which takes it back only so; `sealed` where it tells nobody else what it thought. */
  | { readonly type: 'thinking'; readonly text: string; readonly signature?: string; readonly sealed?: string }
  /** Bytes as base64, or an address that only the upstream may be asked to fetch. */
  | { readonly type: 'image'; readonly mediaType: string | undefined; readonly base64: string }
  | { readonly type: 'image-url'; readonly url: string; readonly detail?: string }
  | { readonly type: 'audio'; readonly format: string; readonly base64: string }
  | { readonly type: 'document'; readonly mediaType: string; readonly base64: string; readonly title?: string }

export interface ToolCall {
  readonly id: string
  readonly name: string
  /** JSON text, kept as written: reading it would lose large numbers and key order. */
  readonly arguments: string
}

export interface Tool {
  readonly name: string
  readonly description: string | undefined
  /** JSON schema of the arguments. */
  readonly parameters: Json | undefined
  readonly strict: boolean | undefined
}

export type ToolChoice =
  | { readonly type: 'auto' | 'none' | 'required' }
  | { readonly type: 'tool'; readonly name: string }

export type Format =
  | { readonly type: 'json' }
  | {
      readonly type: 'json-schema'
      readonly name: string | undefined
      readonly schema: Json
      readonly strict: boolean | undefined
    }

/** How much to think. 'off' and 'on' where a dialect knows no levels. */
export type Reasoning = 'off' | 'on' | 'minimal' | 'low' | 'medium' | 'high' | 'max'

export interface Sampling {
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly minP?: number
  readonly seed?: number
  readonly frequencyPenalty?: number
  readonly presencePenalty?: number
  readonly repeatPenalty?: number
}
