import type { Ask, Errand } from '../core/ask.ts'
import type { Reply } from '../core/reply.ts'
import type { Layer } from '../core/serve.ts'
import { noUsage } from '../core/usage.ts'

/** Who did it, and what there is to say about it. */
export interface ErrandDone {
  readonly upstream: string
  readonly tier: number
  readonly decision: string
}

export interface ErrandParts {
  readonly now: () => number
  readonly run: (errand: Errand, ask: Ask) => Promise<ErrandDone>
  readonly answerTo: (errand: Errand, ask: Ask) => Uint8Array
}

/** Some requests ask for no words, only that a model be there or be gone: they take no place and no turn. */
export function errands({ now, run, answerTo }: ErrandParts): Layer {
  return (next) => (ask) => (ask.errand === undefined ? next(ask) : done(ask.errand, ask))

  async function done(errand: Errand, ask: Ask): Promise<Reply> {
    const { upstream, tier, decision } = await run(errand, ask)
    const totalMs = now() - ask.arrivedAt
    return {
      stream: ask.stream,
      upstream,
      decision,
      body: once(answerTo(errand, ask)),
      outcome: Promise.resolve({
        usage: noUsage,
        upstream,
        tier,
        attempts: 1,
        waitMs: 0,
        firstTokenMs: undefined,
        totalMs,
        fault: undefined,
      }),
    }
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
