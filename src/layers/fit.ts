import type { Ask, Need } from '../core/ask.ts'
import { Fault } from '../core/fault.ts'
import { lacking } from '../core/lacking.ts'
import { untilGone } from '../core/until-gone.ts'
import type { Layer } from '../core/serve.ts'

/** One way to serve an ask, as far as it matters whether the ask fits. */
export interface Way {
  /** Why it cannot be served there, however long it waits. */
  readonly misfit: { readonly lacks?: Need; readonly contextTokens?: number } | undefined
  readonly contextTokens: number | undefined
  /** Asks the server for the exact number of tokens; undefined where there is no asking. */
  readonly count: (() => Promise<number>) | undefined
}

export interface FitParts {
  /** The usual case, at a glance: there is a way for certain, or none at all, which is for others to say. */
  readonly isPlain: (ask: Ask) => boolean
  /** All that may serve the ask, the first to be tried first. */
  readonly waysOf: (ask: Ask) => readonly Way[]
  /** The exact number of tokens, by the first that tells it. */
  readonly exactly: (ways: readonly Pick<Way, 'count'>[]) => Promise<number | undefined>
}

/**
 * Refuses what no server can serve, before it costs anything: a model without what the request needs, a prompt beyond its
 * context.
 */
export function fit({ isPlain, waysOf, exactly }: FitParts): Layer {
  return (next) => (ask) =>
    isPlain(ask) ? next(ask) : untilGone(counted(ask, waysOf(ask), exactly), ask.signal).then(next)
}

/** The ask with its exact size, where a server tells it. Throws the Fault of one that fits nowhere. */
export async function counted(ask: Ask, ways: readonly Way[], exactly: FitParts['exactly']): Promise<Ask> {
  const [way] = ways
  const fitting = ways.filter(({ misfit }) => misfit === undefined)
  if (fitting.length === 0 && ways.every(({ misfit }) => misfit?.lacks !== undefined))
    throw lacking(ask.model, way!.misfit!.lacks!)
  const max = largest(fitting.length > 0 ? fitting : ways)
  const exact = await exactly(ways)
  if (exact === undefined) {
    if (fitting.length > 0) return ask
    throw overflow(ask.promptTokens, max, 'about ')
  }
  // The last token of a context is for the answer.
  if (exact >= largest(ways)) throw overflow(exact, largest(ways), '')
  return { ...ask, promptTokens: exact }
}

const largest = (ways: readonly Way[]): number =>
  Math.max(
    ...ways.filter(({ misfit }) => misfit?.lacks === undefined).map(({ contextTokens = Infinity }) => contextTokens),
  )

const overflow = (prompt: number, max: number, about: string): Fault =>
  new Fault(
    'context-overflow',
    `The request has ${about}${prompt} tokens and the model holds ${max}: shorten it, or choose a model with a longer context.`,
    { tokens: { prompt, max } },
  )
