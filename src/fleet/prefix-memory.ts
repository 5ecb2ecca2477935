import type { Prefix } from '../core/prefix.ts'

/** What a server with one model is believed to hold of the prompts it has read, so that it need not read that again. */
export interface PrefixMemory {
  /** Tokens at the beginning of this prompt that are believed to be there. */
  cachedTokens(prefix: Prefix, promptTokens: number): number
  /** The prompt is sent there: from now on all of it is believed to be there. */
  visit(prefix: Prefix, promptTokens: number): Visit
  /** It was served, or not. `toldTokens` is what the server says was there when it came. */
  leave(visit: Visit, toldTokens: number | undefined): void
  /** The model has left the server's memory, or the server itself has gone. */
  forget(): void
}

/** A prompt on its way through a server. */
export interface Visit {
  readonly promptTokens: number
  /** Of these, what was believed to be there when it came. */
  readonly cachedTokens: number
}
