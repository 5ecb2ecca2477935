import type { Errand } from '../core/ask.ts'
import type { Policy } from '../core/policy.ts'
import type { Offer } from '../fleet/offering.ts'
import { decisionOf } from './decision.ts'
import { nobodyAhead } from './fair-queue.ts'
import { keptBy } from './kept-home.ts'
import { findPlace, type Finding } from './placement.ts'
import { nobodyLeft, noWaiting, type Refusal, type Room } from './refusal.ts'
import { firstTry, type Situation } from './situation.ts'
import { type Outlook, tierFor } from './tiers.ts'
import type { Waiting } from './waiting.ts'
import { whoMakesWay } from './making-way.ts'

/** What becomes of an ask that comes. */
export type Verdict =
  | {
      readonly action: 'run' | 'spill'
      readonly offer: Offer
      readonly why: string
      readonly firstTokenMs: number
      readonly finding: Finding
    }
  | {
      readonly action: 'queue'
      readonly ahead: number
      readonly outlook: Outlook | undefined
      readonly outlooks: readonly Outlook[]
      /** Leaves for a costlier place, so that this one is in time. */
      readonly makesWay: Waiting | undefined
      /** Refused, so that there is room for this one to wait. */
      readonly leaves: Waiting | undefined
      /** It was told to come back now, and goes first. */
      readonly isDue: boolean
    }
  /** It loads or unloads a model, and takes no place. */
  | { readonly action: 'errand'; readonly errand: Errand }
  | ({ readonly action: 'refuse' } & Refusal)

/** Who waits where the ask would have to. */
export interface Line extends Room {
  /** For what the ask wants, the longest first; undefined when nobody does. */
  readonly others: Iterable<Waiting> | undefined
  /** Where the queue is full: one who is less urgent than the ask. */
  readonly leaves: Waiting | undefined
}

/** Decides about an ask that comes, and takes nothing: the scheduler acts on it, and an explanation only tells. */
export function judge(situation: Situation, policy: Policy, line: Line): Verdict {
  const { avoid } = situation
  // Nobody who waits is overtaken, except by those who had their turn already.
  if (line.others === undefined || avoid !== firstTry) {
    const atOnce = granted({ ...situation, ahead: nobodyAhead }, policy)
    if (atOnce !== undefined) return atOnce
  }
  const fault = nobodyLeft(situation)
  // A server said to be down, if there is no other.
  if (fault !== undefined) return granted({ ...situation, desperate: true }, policy) ?? { action: 'refuse', fault }
  const finding = findPlace(situation, policy)
  const makesWay = finding.offer && line.others && whoMakesWay(situation, finding, line.others)
  if (finding.offer !== undefined && makesWay === undefined) return grantedBy(situation, finding, finding.offer)
  const refusal = makesWay === undefined ? noWaiting(situation, finding.outlooks, line) : undefined
  if (refusal !== undefined) return { action: 'refuse', ...refusal }
  const leaves = makesWay === undefined ? line.leaves : undefined
  const { outlooks } = finding
  const outlook = tierFor(situation, outlooks)
  return {
    action: 'queue',
    ahead: situation.ahead.count,
    outlook,
    outlooks,
    makesWay,
    leaves,
    isDue: line.kept.isExpected,
  }
}

function granted(situation: Situation, policy: Policy): Verdict | undefined {
  const finding = findPlace(situation, policy)
  return finding.offer && grantedBy(situation, finding, finding.offer)
}

function grantedBy(situation: Situation, finding: Finding, offer: Offer): Verdict {
  const { ask, offering, now } = situation
  const { upstream, place } = offer
  const by = { offer, waitMs: 0, outlooks: finding.outlooks }
  const cachedTokens = place.cachedTokens(ask)
  return {
    action: upstream.settings.tier > offering.lowestTier ? 'spill' : 'run',
    offer,
    why: decisionOf({ ask, offering, ...by, isRetry: false, cachedTokens, keptBy: keptBy(situation, by) }),
    firstTokenMs: place.firstTokenMs(ask.promptTokens - cachedTokens, now),
    finding,
  }
}
