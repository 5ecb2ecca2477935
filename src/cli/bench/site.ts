import type { Target } from '../../trial/target.ts'
import type { InTurn } from '../../trial/scenarios/in-turn.ts'
import type { World } from '../../core/world.ts'

/** What is measured: a gateway, the servers behind it as far as they are known, and a model. */
export interface Site {
  readonly world: World
  readonly gateway: Target
  readonly direct: InTurn | undefined
  readonly model: string
  readonly about: SiteFacts
  /** Whether it costs money; undefined where nobody knows. */
  readonly isSpill: ((upstream: string | undefined) => boolean) | undefined
  /** What may be spent, in words; undefined where nothing is. */
  readonly paid: string | undefined
  /** Dollars for one such request at the dearest server that costs money; undefined where nobody knows. */
  readonly dollarsFor: (promptTokens: number, outputTokens: number) => number | undefined
  readonly patienceMs: number
  close(): Promise<void>
}

/** For the report. */
export interface SiteFacts {
  /** One of the bench's own, one that ran here already, or one at an address. */
  readonly gateway: 'own' | 'running' | 'url'
  /** Where it was asked. */
  readonly url: string
  /** In a sentence. */
  readonly text: string
  readonly servers: readonly { readonly name: string; readonly kind: string; readonly version?: string | undefined }[]
  /** Servers that cost money and were not to be asked. */
  readonly leftOut: readonly string[]
}

/** Nothing takes so long that it is worth waiting for, unless it hangs. */
export const answerMostMs = 300_000
