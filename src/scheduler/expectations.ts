import type { Ask } from '../core/ask.ts'
import { type Length, meanOf } from '../core/length.ts'
import type { Usage } from '../core/usage.ts'
import type { Ending } from '../fleet/limit.ts'
import type { Offering } from '../fleet/offering.ts'
import type { Upstream } from '../fleet/upstream.ts'
import { Caution } from './caution.ts'
import { type Ahead, nobodyAhead } from './fair-queue.ts'
import { Foresight } from './foresight.ts'
import type { Held } from './lease.ts'
import { Lengths } from './lengths.ts'
import { meansOf } from './means.ts'
import { type Kept, nothingKept, Promises } from './promises.ts'
import { startByIn } from './prediction.ts'
import { firstTry, type Situation } from './situation.ts'
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
    const caution = this.#cautionFor(ask, offering, length)
    const means = meansOf(ask, offering)
    const situation = { ask, offering, avoid, means, length, delay, caution, ahead: nobodyAhead, now, desperate: false }
    if (queue !== undefined && avoid === firstTry) {
      const { caller, priority, promptTokens } = ask
      const cost = costOf(offering, promptTokens, meanOf(length))
      const isDue = this.#promises.isDue(ask, offering, now)
      const ahead = queue.fair.aheadOf({ caller, priority, cost, startBy: startByIn(situation), isDue })
      return { ...situation, ahead, late: queue.late.size }
    }
    return situation
  }

  /** How things stand for one that waits. */
  waiting(waiting: Waiting, ahead: Ahead, now: number): Situation {
    const { ask, avoid, length } = waiting
    const { offering, late: others } = waiting.queue!
    const late = others.has(waiting) ? others.size - 1 : others.size
    const delay = this.#foresight.factor(offering)
    const caution = this.#cautionFor(ask, offering, length)
    const means = meansOf(ask, offering)
    return { ask, offering, avoid, means, length, delay, caution, ahead, late, now, desperate: false }
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

  /** If it was told to come back now, it has, whatever becomes of it. */
  came({ ask, offering, now }: Situation): void {
    this.#promises.keep(ask, offering, now)
  }

  /** Holds how long one waited against what it was told. With `inVain` it would have had to wait longer still. */
  waited({ predicted, since }: Waiting, { offering, now }: Situation, inVain: boolean): void {
    if (predicted !== undefined) this.#foresight.learn(offering, predicted.waitMs, now - since, inVain)
  }

  /** An answer is over, well or badly: what it was like, what it cost, and whether it was of use. */
  ended(
    { ask, offering, stay, charge, spilled }: Held,
    ending: Ending,
    { usage, now }: { readonly usage: Usage | undefined; readonly now: number },
  ): void {
    const isHeard = ending === 'served' || ending === 'ignored'
    const { deadlineMs, arrivedAt } = ask
    if (isHeard && !spilled && deadlineMs !== undefined) this.#caution.learn(offering, now - arrivedAt < deadlineMs)
    if (usage === undefined) return
    const { promptTokens, outputTokens, cachedTokens = stay.visit?.cachedTokens ?? 0 } = usage
    if (isHeard) this.#lengths.learn(ask, outputTokens, ending === 'ignored')
    charge?.settle(costOf(offering, Math.max(1, promptTokens - cachedTokens), outputTokens))
  }

  /** How late is too late is learned where only a refusal comes of it. Where money buys what is late here, the spread of lengths says it. */
  #cautionFor({ deadlineMs, cloud }: Ask, offering: Offering, { sigma }: Length): number {
    if (deadlineMs === undefined) return 1
    const mayLeave = offering.tiers.length > 1 && cloud === 'allowed'
    return mayLeave ? Math.min(spreadMost, 1 + spreadWeight * sigma ** 2) : this.#caution.factor(offering)
  }
}

/** The less is known of how long an answer will be, the longer it is reckoned: it errs by as much as it is long. */
const spreadWeight = 2
const spreadMost = 1.3

/** Milliseconds that it is thought to take of a machine. */
export const costIn = ({ ask, offering, length }: Situation): number =>
  costOf(offering, ask.promptTokens, meanOf(length))
