import type { Ask } from '../core/ask.ts'
import type { Usage } from '../core/usage.ts'

interface Heard {
  /** Frames that carried content. */
  readonly frames: number
  readonly counted?: Usage | undefined
}

/** What an answer has taken so far that nobody has counted to the end: of the prompt the server's own word, where it gave one. */
export function guessedUsage({ promptTokens }: Ask, { frames, counted }: Heard): Usage {
  if (counted === undefined || counted.promptTokens === 0)
    return { promptTokens, outputTokens: frames, estimated: true }
  // It may have said that more was written than has come.
  return { ...counted, outputTokens: Math.max(frames, counted.outputTokens), estimated: true }
}
