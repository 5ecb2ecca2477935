import type { Ask } from '../core/ask.ts'
import type { Entry, Try } from '../core/ledger.ts'
import type { Outcome } from '../core/reply.ts'
import type { World } from '../core/world.ts'
import { tokensOf } from './settling.ts'

export interface Ended {
  /** Under which it is taken down. */
  readonly id: string
  readonly outcome: Outcome
  readonly tries: readonly Try[]
  readonly savedNano: number
}

/** How a request ended, as it is taken down: never what was said. */
export function entryOf(
  { caller, dialect, model, arrivedAt }: Ask,
  { id, outcome, tries, savedNano }: Ended,
  world: Pick<World, 'now' | 'epochMs'>,
): Entry {
  const { usage, upstream, tier, fault } = outcome
  const endedAt = world.epochMs()
  let nano = 0
  for (const one of tries) nano += one.nano
  return {
    id,
    state: fault === undefined || nano > 0 || usage.outputTokens > 0 ? 'settled' : 'released',
    // By the same clock, which somebody may set meanwhile.
    at: endedAt - Math.round(world.now() - arrivedAt),
    endedAt,
    caller: caller.id,
    key: caller.key,
    team: caller.team?.name,
    dialect,
    model,
    upstream,
    tier,
    spilled: outcome.spilled === true,
    firstTokenMs: outcome.firstTokenMs && Math.round(outcome.firstTokenMs),
    gpuMs: Math.round(outcome.gpuMs ?? 0),
    nano,
    savedNano,
    fault: fault?.code,
    tries,
    ...tokensOf(usage),
  }
}
