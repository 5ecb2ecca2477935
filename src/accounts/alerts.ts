import { sentenceOf } from '../core/amounts.ts'
import type { BudgetStanding } from '../core/budget.ts'
import type { Emit } from '../core/event.ts'
import type { Notes } from '../core/notes.ts'
import type { World } from '../core/world.ts'
import { budgetLetter } from './letters.ts'

interface AlertParts {
  readonly world: Pick<World, 'epochMs'>
  readonly emit: Emit
  readonly notes: Pick<Notes, 'post'>
  /** Somebody outside is to be told as well. */
  readonly isAddressed: () => boolean
}

/**
 * Tells when so much of a budget is used up: once for each share of it, in each span and for each limit. A limit that is
 * raised in the middle of a span has shares of its own.
 */
export class Alerts {
  readonly #parts: AlertParts
  /** Those that are known to be told, here or elsewhere, until their span ends. */
  readonly #told = new Map<string, number>()

  constructor(parts: AlertParts) {
    this.#parts = parts
  }

  /** To be called now and then. Rejects where it cannot be taken down who was told: then it is tried again. */
  async look(standings: readonly BudgetStanding[]): Promise<void> {
    const { world, emit, notes, isAddressed } = this.#parts
    const now = world.epochMs()
    for (const standing of standings) {
      for (const share of reached(standing)) {
        const letter = budgetLetter(standing, share, now)
        if (this.#told.has(letter.id)) continue
        const isFirst = await notes.post(letter, isAddressed())
        this.#told.set(letter.id, standing.until)
        if (isFirst) emit({ type: 'budget-reached', standing, share })
      }
    }
    for (const [id, until] of this.#told) if (until < now - keptMs) this.#told.delete(id)
  }
}

/** Longer than any clock is wrong by when it is set. */
const keptMs = 86_400_000

/** The shares of a budget that are used up. Of nothing there are none. */
const reached = ({ limit, spent, alertAt }: BudgetStanding): readonly number[] =>
  limit === 0 ? [] : alertAt.filter((share) => spent >= share * limit)

/** The last crumbs of a budget pay for nothing. */
const usedUpShare = 0.98

/** Those of which nothing usable is left, in a sentence each. One of nothing was meant to be so. */
export const usedUp = (standings: readonly BudgetStanding[]): readonly string[] =>
  standings.flatMap((standing) => {
    const { limit, spent } = standing
    return limit > 0 && spent >= usedUpShare * limit ? [sentenceOf(standing, spent / limit)] : []
  })
