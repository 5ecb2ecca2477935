import type { Ask } from '../core/ask.ts'
import { meanOf } from '../core/length.ts'
import type { Offering } from '../fleet/offering.ts'
import type { Upstream } from '../fleet/upstream.ts'
import { Caution } from './caution.ts'
import { type Ahead, nobodyAhead } from './fair-queue.ts'
import { Foresight } from './foresight.ts'
import { Lengths } from './lengths.ts'
import { type Kept, nothingKept, Promises } from './promises.ts'
import type { Situation } from './situation.ts'
import { costOf } from './tiers.ts'
import type { Queue, Waiting } from './waiting.ts'

/** What the scheduler has learned of those who ask: how long their answers are, how long they wait, and who comes back. */
export class Expectations {
  readonly #lengths = new Lengths()
  readonly #foresight = new Foresight()
  readonly #promises = new Promises()
  readonly #caution = new Caution()

  /** How things stand for one that comes. */
  arriving(
    ask: Ask,
    offering: Offering,
    { queue, avoid, now }: { queue: Queue | undefined; avoid: ReadonlySet<Upstream>; now: number },
  ): Situation {
    const length = this.#lengths.of(ask)
    const delay = this.#foresight.factor(offering)
    const caution = this.#cautionFor(ask, offering)
    let ahead = nobodyAhead
    if (queue !== undefined && avoid.size === 0) {
      const { caller, priority, promptTokens } = ask
      const cost = costOf(offering, promptTokens, meanOf(length))
      ahead = queue.fair.aheadOf({ caller, priority, cost, isDue: this.#promises.isDue(ask, offering, now) })
    }
    return { ask, offering, avoid, length, delay, caution, ahead, now, desperate: false }
  }

  /** How things stand for one that waits. */
  waiting({ ask, avoid, length, queue }: Waiting, ahead: Ahead, now: number): Situation {
    const { offering } = queue!
    const delay = this.#foresight.factor(offering)
    const caution = this.#cautionFor(ask, offering)
    return { ask, offering, avoid, length, delay, caution, ahead, now, desperate: false }
  }

  keptFor(situation: Situation, queue: Queue | undefined): Kept {
    if (queue === undefined) return nothingKept
    const { ask, offering, now } = situation
    const cost = costIn(situation)
    return this.#promises.keptFor(ask, offering, { now, until: now + ask.patienceMs, cost })
  }

  /** It was refused, and told when to come back. */
  sentAway(situation: Situation, dueAt: number): void {
    const { ask, offering } = situation
    this.#promises.make(ask, offering, { cost: costIn(situation), dueAt })
  }

  letIn({ ask, offering, now }: Situation): void {
    this.#promises.keep(ask, offering, now)
  }

  /** Holds how long one waited against what it was told. With `inVain` it would have had to wait longer still. */
  waited({ predicted, since }: Waiting, { offering, now }: Situation, inVain: boolean): void {
    if (predicted !== undefined) this.#foresight.learn(offering, predicted.waitMs, now - since, inVain)
  }

  served(ask: Ask, outputTokens: number): void {
    this.#lengths.learn(ask, outputTokens)
  }

  /** It had a deadline, and was begun where it costs nothing. */
  ended({ deadlineMs, arrivedAt }: Ask, offering: Offering, now: number): void {
    if (deadlineMs !== undefined) this.#caution.learn(offering, now - arrivedAt < deadlineMs)
  }

  #cautionFor({ deadlineMs }: Ask, offering: Offering): number {
    return deadlineMs === undefined ? 1 : this.#caution.factor(offering)
  }

  /** Its caller left after so much of it. */
  cut(ask: Ask, outputTokens: number): void {
    this.#lengths.learn(ask, outputTokens, true)
  }
}

/** Milliseconds that it is thought to take of a machine. */
export const costIn = ({ ask, offering, length }: Situation): number =>
  costOf(offering, ask.promptTokens, meanOf(length))
