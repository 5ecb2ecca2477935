import type { FaultKind } from '../../../src/core/fault.ts'
import type { FinishReason } from '../../../src/core/part.ts'
import type { Usage } from '../../../src/core/usage.ts'

/** What a person who read the recording knows of the answer in it. */
export interface Fact {
  readonly text?: string
  readonly thinking?: string
  /** Name and arguments of each call. */
  readonly calls?: readonly (readonly [name: string, args: object])[]
  /** Absent: it never said why it ended, and so it is no whole answer. */
  readonly reason?: FinishReason
  readonly usage?: Usage
  /** What was thought and said, where the server left the thoughts in the text, tags and all. */
  readonly sorted?: { readonly thinking: string; readonly text: string }
  /** How many vectors, how long each, and how the first of them begins. */
  readonly vectors?: { readonly count: number; readonly dimensions: number; readonly first?: number }
  /** No words were asked for, only that a model be loaded or unloaded. */
  readonly errand?: 'load' | 'unload'
  /** It failed in so many words. */
  readonly fault?: FaultKind
  readonly status?: number
  readonly code?: string
  readonly tokens?: { readonly prompt: number; readonly max: number }
}

export type Facts = Readonly<Record<string, Fact>>

export const upTo = (last: number): string => Array.from({ length: last }, (_, index) => ` ${index + 1}`).join('')

export const fox = 'The quick brown fox jumps over the lazy dog. Grüße aus 東京 🦊!'
export const four = {
  thinking: 'Two and two: carry nothing. So four then.\n',
  text: 'The answer is 4!',
  reason: 'stop',
} as const
export const ha = ' ha'.repeat(31)

export const weather = ['get_weather', { city: 'Paris' }] as const
export const weatherIn = ['get_weather', { city: 'Paris', unit: 'celsius' }] as const
export const time = ['get_time', { zone: 'CET' }] as const

/** Tokens as the server counted them; the prompt's include those from the cache. */
export const counted = (promptTokens: number, outputTokens: number, cachedTokens?: number): { usage: Usage } => ({
  usage: { promptTokens, outputTokens, ...(cachedTokens !== undefined && { cachedTokens }) },
})

export const vectors = (count: number, dimensions: number, first?: number): Pick<Fact, 'vectors'> => ({
  vectors: { count, dimensions, ...(first !== undefined && { first }) },
})

export const refused = { fault: 'upstream-refused', status: 400, code: 'upstream_rejected_request' } as const
export const unknownModel = { fault: 'model-missing', status: 404, code: 'model_not_found' } as const
export const broke = { fault: 'upstream-broke', status: 502 } as const
export const busy = { fault: 'upstream-busy', status: 503 } as const
export const loading = { fault: 'upstream-loading', status: 503, code: 'model_loading' } as const
export const denied = { fault: 'upstream-denied', status: 502 } as const
export const unsupported = { fault: 'not-supported', status: 501, code: 'not_supported' } as const
export const overflow = { fault: 'context-overflow', status: 400, code: 'context_length_exceeded' } as const
export const tooLong = (prompt: number, max: number): Fact => ({ ...overflow, tokens: { prompt, max } })
