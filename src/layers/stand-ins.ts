import type { Ask } from '../core/ask.ts'
import { Fault, type FaultKind } from '../core/fault.ts'
import { bySpelling, hasName } from '../core/names.ts'
import type { Reply } from '../core/reply.ts'
import type { Layer } from '../core/serve.ts'

export interface StandInParts {
  /** By a model, those that may stand in for it, the best first. */
  readonly standIns: () => ReadonlyMap<string, readonly string[]> | undefined
  /** The model is not in memory where it costs nothing, and cannot be had in time anywhere. */
  readonly isShort: (ask: Ask) => boolean
  /** It is to be had in time from a model that is there and surely fits. */
  readonly isInTime: (ask: Ask) => boolean
}

/** Told to somebody for whom the model was not in memory, these may be for want of it. */
const refusals: ReadonlySet<FaultKind> = new Set<FaultKind>(['patience-spent', 'queue-full', 'no-upstream'])

/**
 * While memory is short, another model answers that the configuration lets stand in: rather than too late, and rather than
 * not at all. The answer names the model that gave it, and the decision the one that was wanted.
 */
export function standIns(parts: StandInParts): Layer {
  return (next) => (ask) => {
    const names = namesFor(ask, parts)
    if (names === undefined) return next(ask)
    const other = standInOf(names, ask, parts)
    return other === undefined ? orElse(next(ask), names, ask) : next(other)

    async function orElse(reply: Promise<Reply>, among: readonly string[], wanted: Ask): Promise<Reply> {
      try {
        return await reply
      } catch (error) {
        const last = error instanceof Fault && refusals.has(error.kind) ? standInOf(among, wanted, parts) : undefined
        if (last === undefined) throw error
        return next(last)
      }
    }
  }
}

/** The ask as another model is to have it; undefined when none is needed, or none is free. */
export function standInFor(ask: Ask, parts: StandInParts): Ask | undefined {
  const names = namesFor(ask, parts)
  return names && standInOf(names, ask, parts)
}

function namesFor({ model, errand, needs }: Ask, parts: StandInParts): readonly string[] | undefined {
  const all = parts.standIns()
  // What a server has kept, it has kept for one model; and vectors of two models cannot be compared.
  if (all === undefined || all.size === 0 || errand !== undefined) return undefined
  return needs.includes('vectors') || needs.includes('memory') ? undefined : bySpelling(all, model)
}

function standInOf(names: readonly string[], ask: Ask, { isShort, isInTime }: StandInParts): Ask | undefined {
  if (!isShort(ask)) return undefined
  for (const name of names) {
    const { models } = ask.caller
    if (models !== undefined && !hasName(models, name)) continue
    const other: Ask = {
      ...ask,
      model: name,
      standsInFor: ask.model,
      body: { ...ask.body, model: name },
      raw: undefined,
    }
    if (isInTime(other)) return other
  }
  return undefined
}
