import type { Ask } from '../core/ask.ts'
import { lengthOf, noLength, type Length } from '../core/length.ts'

/** Before anything is known: somewhere between a word and a page. */
const before = { median: 150, sigma: 0.9 }
/** An average forgets slowly: so many answers count. */
const remembered = 60
/** What is known of one kind of request weighs as much as what is known of all with its model after so many answers. */
const enough = 3
/** Kinds remembered; the one not heard of for longest goes first. */
const kindsMax = 4_000
/** Even where all answers were alike the next may not be. */
const sigmaMin = 0.04

/** What answers of one kind were like: of the logarithm of their length, the mean and the spread. */
class Habit {
  answers = 0
  mu = 0
  variance = 0

  learn(log: number, cut: boolean): void {
    // An answer that its caller cut would have been longer.
    if (cut && log < this.mu && this.answers > 0) return
    this.answers = Math.min(this.answers + 1, remembered)
    const share = 1 / this.answers
    const off = log - this.mu
    this.mu += off * share
    this.variance += (off * (log - this.mu) - this.variance) * share
  }
}

/**
 * How long answers are likely to be: callers ask for the same kind of thing again and again, by the same model and through
 * the same door.
 */
export class Lengths {
  readonly #habits = new Map<string, Habit>()

  of(ask: Ask): Length {
    if (ask.needs[0] === 'vectors') return noLength
    const most = ask.outputTokensMax ?? Infinity
    const ofModel = this.#habits.get(ask.model)
    if (ofModel === undefined) return lengthOf(before.median, before.sigma, most)
    const own = this.#habits.get(kindOf(ask))
    const weight = own === undefined ? 0 : own.answers / (own.answers + enough)
    const few = enough / (ofModel.answers + enough)
    const all = blend(ofModel, before.sigma ** 2, few)
    const mu = own === undefined ? ofModel.mu : ofModel.mu + (own.mu - ofModel.mu) * weight
    const variance = own === undefined ? all : all + (own.variance - all) * weight
    return { mu, sigma: Math.max(sigmaMin, Math.sqrt(variance)), most }
  }

  /** With `cutShort` it would have been longer: its caller left. */
  learn(ask: Ask, outputTokens: number, cutShort: boolean = false): void {
    if (outputTokens < 1) return
    const log = Math.log(outputTokens)
    const cut = cutShort || outputTokens >= (ask.outputTokensMax ?? Infinity)
    this.#habit(ask.model).learn(log, cut)
    this.#habit(kindOf(ask)).learn(log, cut)
  }

  #habit(key: string): Habit {
    const habit = this.#habits.get(key) ?? new Habit()
    // The last one in the map is the one heard of last.
    this.#habits.delete(key)
    this.#habits.set(key, habit)
    if (this.#habits.size > kindsMax) this.#habits.delete(this.#habits.keys().next().value!)
    return habit
  }
}

const blend = ({ variance }: Habit, doubt: number, few: number): number => variance + (doubt - variance) * few

const kindOf = ({ caller, model, dialect, stream }: Ask): string =>
  `${caller.id}\n${model}\n${dialect}\n${stream ? 'stream' : 'whole'}`
