import type { Usage } from './usage.ts'

export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter'

/** A streamed answer in neutral form. Parts of one tool call share an index; indices count from 0 without gaps. */
export type Part =
  | { readonly type: 'text-delta'; readonly text: string; readonly logprobs?: readonly TokenLogprob[] }
  /** The signature comes last, with or without a text of its own. */
  | { readonly type: 'thinking-delta'; readonly text: string; readonly signature?: string }
  | { readonly type: 'tool-start'; readonly index: number; readonly id: string; readonly name: string }
  /** A piece of the call's arguments, as JSON text. */
  | { readonly type: 'tool-delta'; readonly index: number; readonly arguments: string }
  /** Why it ended. The reason is derived from the calls seen where servers lie about it. */
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly stopSequence?: string | undefined }
  | { readonly type: 'usage'; readonly usage: Usage }
  /** The wire's own word that the answer is whole. Without it, a stream that ends has broken. */
  | { readonly type: 'end' }

/** How likely a token was, and what else might have stood there. */
export interface TokenLogprob {
  readonly token: string
  readonly logprob: number
  /** The token in UTF-8, which may be a part of a character. */
  readonly bytes?: readonly number[] | undefined
  readonly top?: readonly Omit<TokenLogprob, 'top'>[] | undefined
}
