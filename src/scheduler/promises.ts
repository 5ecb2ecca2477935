import { crc32 } from 'node:zlib'
import type { Ask } from '../core/ask.ts'
import type { Offering } from '../fleet/offering.ts'

/** What tells a request from others of its caller: whoever tries again sends the same, byte for byte. */
interface Mark {
  readonly caller: string
  readonly model: string
  readonly size: number
  readonly bytes: number
  readonly tail: number
}

/** Whoever was refused for want of time, and when it was told to come back. */
interface Promised {
  readonly mark: Mark
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
    const own = dueAt === -1 ? undefined : book[dueAt]
    const costs = costsIn(book, own, until)
    const { id } = ask.caller
    const share = this.#comeBack
    return {
      isExpected: own !== undefined,
      soonCost: costBefore(costs, 'soon', id, cost) * share,
      allCost: costBefore(costs, 'all', id, cost) * share,
    }
  }

  /** Whether it was told to come back now. */
  isDue(ask: Ask, offering: Offering, now: number): boolean {
    return this.#dueAt(this.#books.get(offering.name) ?? none, ask, now) !== -1
  }

  make(ask: Ask, offering: Offering, { cost, dueAt }: Pick<Promised, 'cost' | 'dueAt'>): void {
    let book = this.#books.get(offering.name)
    if (book === undefined) this.#books.set(offering.name, (book = []))
    if (book.length < promisesMax) book.push({ mark: markOf(ask), cost, dueAt })
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
    const mark = markOf(ask)
    return book.findIndex((one) => one.dueAt - earlyMs <= now && now <= one.dueAt + graceMs && isSame(one.mark, mark))
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

/** What was promised to one caller: what it may claim in time to be in the way, and at any time. */
interface Costs {
  soon: number
  all: number
}

/** By caller, without one that is claimed. Every refusal under an overload looks through all of them. */
function costsIn(book: readonly Promised[], claimed: Promised | undefined, until: number): Map<string, Costs> {
  const byCaller = new Map<string, Costs>()
  let caller: string | undefined
  let costs: Costs | undefined
  for (const one of book) {
    if (one === claimed) continue
    // Those of one caller mostly follow one another.
    if (costs === undefined || one.mark.caller !== caller) {
      caller = one.mark.caller
      costs = byCaller.get(caller)
      if (costs === undefined) byCaller.set(caller, (costs = { soon: 0, all: 0 }))
    }
    costs.all += one.cost
    if (one.dueAt <= until) costs.soon += one.cost
  }
  return byCaller
}

/** What goes before another ask of this caller: all that is his, and of others no more than he has himself. */
function costBefore(byCaller: ReadonlyMap<string, Costs>, when: keyof Costs, caller: string, cost: number): number {
  const own = byCaller.get(caller)?.[when] ?? 0
  let sum = own
  for (const [other, costs] of byCaller) if (other !== caller) sum += Math.min(costs[when], own + cost)
  return sum
}

/** So much of a request from its end tells it from others of its size: what is new stands there. */
const tailBytes = 2_048

function markOf({ caller, model, guessedTokens, promptTokens, raw }: Ask): Mark {
  const size = guessedTokens ?? promptTokens
  const bytes = raw === undefined ? -1 : raw.length
  return { caller: caller.id, model, size, bytes, tail: raw === undefined ? 0 : crc32(raw.subarray(-tailBytes)) }
}

/** Numbers first: they tell most of them apart at once. */
const isSame = (one: Mark, other: Mark): boolean =>
  one.tail === other.tail &&
  one.bytes === other.bytes &&
  one.size === other.size &&
  one.caller === other.caller &&
  one.model === other.model
