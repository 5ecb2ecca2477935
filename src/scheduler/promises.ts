import { crc32 } from 'node:zlib'
import type { Ask } from '../core/ask.ts'
import type { Offering } from '../fleet/offering.ts'

/** Whoever was refused for want of time, and when it was told to come back. */
interface Promised {
  readonly key: string
  readonly caller: string
  readonly cost: number
  readonly dueAt: number
}

/** What is kept for those who were told to come back, for one who comes now. */
export interface Kept {
  /** It is one of them. */
  readonly isExpected: boolean
  /** Of all that was promised to others, as much as is likely to be asked for: while this one would wait, and at any time. */
  readonly soonCost: number
  readonly allCost: number
}

/** Who comes a little early is welcome: clocks differ. */
const earlyMs = 300
/** And for so long afterwards. */
const graceMs = 3_000
/** What share comes back is learned; before that, this many: a promise that is not kept is worse than a place kept in vain. */
const comeBackBefore = 0.9
const freshness = 0.05
/** Of each model. */
const promisesMax = 1_000

export const nothingKept: Kept = { isExpected: false, soonCost: 0, allCost: 0 }

/**
 * Who is refused because it would have to wait too long is told when to come back, and that is kept: the work of those who
 * are expected counts as ahead of whoever comes new. Without it they would find the queue as full as before, with others who
 * came meanwhile. Not everybody comes back; how many do is learned, and no more than that is kept for them.
 */
export class Promises {
  /** By the name of what is offered, for that outlasts each listing. */
  readonly #books = new Map<string, Promised[]>()
  #comeBack = comeBackBefore

  /** How things stand for this ask, which would cost so much and wait no longer than `until`. */
  keptFor(
    ask: Ask,
    offering: Offering,
    { now, until, cost }: { readonly now: number; readonly until: number; readonly cost: number },
  ): Kept {
    const book = this.#bookOf(offering, now)
    if (book.length === 0) return nothingKept
    const dueAt = this.#dueAt(book, ask, now)
    const soon = new Costs()
    const all = new Costs()
    for (const [at, one] of book.entries()) {
      if (at === dueAt) continue
      all.add(one)
      if (one.dueAt <= until) soon.add(one)
    }
    const { id } = ask.caller
    const share = this.#comeBack
    return { isExpected: dueAt !== -1, soonCost: soon.before(id, cost) * share, allCost: all.before(id, cost) * share }
  }

  /** Whether it was told to come back now. */
  isDue(ask: Ask, offering: Offering, now: number): boolean {
    return this.#dueAt(this.#books.get(offering.name) ?? none, ask, now) !== -1
  }

  make(ask: Ask, offering: Offering, { cost, dueAt }: Pick<Promised, 'cost' | 'dueAt'>): void {
    let book = this.#books.get(offering.name)
    if (book === undefined) this.#books.set(offering.name, (book = []))
    if (book.length < promisesMax) book.push({ key: keyOf(ask), caller: ask.caller.id, cost, dueAt })
  }

  /** It came back: what was promised it is claimed. */
  keep(ask: Ask, offering: Offering, now: number): void {
    const book = this.#books.get(offering.name)
    if (book === undefined || book.length === 0) return
    const at = this.#dueAt(book, ask, now)
    if (at === -1) return
    book.splice(at, 1)
    this.#learn(1)
  }

  #dueAt(book: readonly Promised[], ask: Ask, now: number): number {
    if (book.length === 0) return -1
    const key = keyOf(ask)
    return book.findIndex((one) => one.key === key && one.dueAt - earlyMs <= now && now <= one.dueAt + graceMs)
  }

  /** Without those who have not come in time: they will not. */
  #bookOf(offering: Offering, now: number): readonly Promised[] {
    const book = this.#books.get(offering.name)
    if (book === undefined) return none
    // They are not in the order of their times: who needs less is told to come sooner.
    let kept = 0
    for (const one of book) {
      if (now > one.dueAt + graceMs) this.#learn(0)
      else book[kept++] = one
    }
    book.length = kept
    return book
  }

  #learn(came: number): void {
    this.#comeBack += (came - this.#comeBack) * freshness
  }
}

const none: readonly Promised[] = []

/** What was promised, by caller. */
class Costs {
  readonly #byCaller = new Map<string, number>()

  add({ caller, cost }: Promised): void {
    this.#byCaller.set(caller, (this.#byCaller.get(caller) ?? 0) + cost)
  }

  /** What goes before another ask of this caller: all that is his, and of others no more than he has himself. */
  before(caller: string, cost: number): number {
    const own = this.#byCaller.get(caller) ?? 0
    let sum = own
    for (const [other, promised] of this.#byCaller) if (other !== caller) sum += Math.min(promised, own + cost)
    return sum
  }
}

/** So much of a request from its end tells it from others of its size: what is new stands there. */
const tailBytes = 2_048

/** A client that tries again sends the same, byte for byte. */
function keyOf({ caller, model, guessedTokens, promptTokens, raw }: Ask): string {
  const size = guessedTokens ?? promptTokens
  return raw === undefined
    ? `${caller.id}\n${model}\n${size}`
    : `${caller.id}\n${model}\n${size}\n${raw.length}\n${crc32(raw.subarray(-tailBytes))}`
}
