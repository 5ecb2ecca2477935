import type { Caller, Priority } from '../core/ask.ts'
import { type Shares, usualShares } from '../core/shares.ts'
import { Heap, type Heaped } from './heap.ts'
import { aheadOfPressed, mostPressed } from './pressed.ts'

/** What a caller was charged for an ask that has been served. */
export interface Charge {
  /** What it really cost, known at its end: the caller's next turn comes later or sooner for it. */
  settle(realCost: number): void
}

/** One who waits, and what serving it is thought to cost. */
export class Ticket<Item> implements Charge {
  readonly item: Item
  /** Milliseconds that it is thought to take of a machine. */
  readonly cost: number
  readonly flow: Flow<Item>
  /** Counts arrivals: what breaks a tie. */
  readonly number: number
  /** Virtual time by which a fair server would be done with it, as things stood when it came. */
  readonly finish: number
  waits = true
  /** It was served in turn, and its caller has been charged. */
  charged = false
  /** Served out of what its class had saved. */
  reserved = false

  readonly isDue: boolean
  readonly startBy: number | undefined

  constructor(of: {
    item: Item
    cost: number
    flow: Flow<Item>
    number: number
    isDue: boolean
    startBy: number | undefined
    before: number
  }) {
    const { item, cost, flow, number, isDue, startBy, before } = of
    this.isDue = isDue
    // It has had its wait: nobody else goes before it for being pressed.
    this.startBy = isDue ? undefined : startBy
    this.item = item
    this.cost = cost
    this.flow = flow
    this.number = number
    this.finish = flow.paid + (before + cost) / flow.weight
  }

  settle(realCost: number): void {
    const { flow, cost } = this
    // Who was served elsewhere takes nothing from those who share, however long its answer.
    if (!this.charged) return
    flow.paid += (realCost - cost) / flow.weight
    if (flow.lane.next.has(flow)) flow.lane.next.moved(flow)
    flow.lane.onSettled(this, realCost - cost)
  }
}

/** On whose account something waits, and for how much. */
export interface Claim {
  readonly caller: Caller
  readonly priority: Priority
  readonly cost: number
  /** It goes before all else of the same caller in its class: it has had its wait. */
  readonly isDue?: boolean
  /** When it has to begin, so that its answer is of use; undefined where that does not matter. */
  readonly startBy?: number | undefined
}

/** Those who are to be served before somebody. */
export interface Ahead {
  readonly count: number
  readonly cost: number
  /** Virtual time by which the one behind them is done, and its class: whoever has less in the same class is one of them. */
  readonly finish: number
  readonly rank: number
  readonly startBy: number | undefined
}

/** Nobody at all. */
export const nobodyAhead: Ahead = { count: 0, cost: 0, finish: -Infinity, rank: 0, startBy: undefined }

/** Where one stands: the virtual time by which it is done, what it costs, what the same caller has before it, and all others of its class. */
interface Standing {
  readonly finish: number
  readonly startBy: number | undefined
  readonly number: number
  readonly price: number
  readonly own: number
  readonly waiting: number
  readonly cost: number
}

/** The asks of one caller in one class, first come first served. */
interface Flow<Item> extends Heaped {
  readonly lane: Lane<Item>
  weight: number
  /** Virtual time by which all that was taken from it is paid for. */
  paid: number
  waitingCost: number
  readonly tickets: Ticket<Item>[]
  /** Everything in `tickets` before this has gone. */
  head: number
}

/** One priority class. */
interface Lane<Item> {
  readonly rank: number
  readonly flows: Map<string, Flow<Item>>
  /** Flows in which someone waits, the one that is next first. */
  readonly next: Heap<Flow<Item>>
  virtualNow: number
  waiting: number
  waitingCost: number
  /** Of all that was served while someone here waited behind a more urgent class, its share, less what it got of it. */
  saved: number
  readonly onSettled: (ticket: Ticket<Item>, surplus: number) => void
}

const ranks: Readonly<Record<Priority, number>> = { interactive: 0, default: 1, batch: 2 }

/**
 * Who is next, fairly: what each caller costs advances a virtual clock of its own, slower for a larger weight, and the one
 * whose ask would be done first by these clocks is served first. So a share follows the weight, not how much is asked
 * for. A more urgent class goes first. But each other that waits saves its share of all that is served meanwhile, and as
 * soon as that covers its next one, this one goes before all: so it never has less than its share by more than one ask.
 * Clocks are forgotten when nobody waits any more: who had a server for itself owes nothing for it.
 */
export class FairQueue<Item> {
  readonly #lanes: readonly Lane<Item>[] = [0, 1, 2].map((rank) => ({
    rank,
    flows: new Map(),
    next: new Heap<Flow<Item>>(isSooner),
    virtualNow: 0,
    waiting: 0,
    waitingCost: 0,
    saved: 0,
    onSettled: (ticket, surplus) => this.#settled(ticket, surplus),
  }))
  readonly #shares: () => Shares
  #numbers = 0

  /** The shares are asked for each time: they may change. */
  constructor(shares: () => Shares = () => usualShares) {
    this.#shares = shares
  }

  get size(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.waiting, 0)
  }

  push(item: Item, by: Claim): Ticket<Item> {
    const { caller, cost, isDue = false, startBy } = by
    const lane = this.#lanes[ranks[by.priority]]!
    const flow = flowOf(lane, caller)
    const due = isDue ? dueIn(flow) : undefined
    const before = due?.cost ?? flow.waitingCost
    const ticket = new Ticket({ item, cost, flow, number: this.#numbers++, isDue, startBy, before })
    flow.tickets.splice(due?.end ?? flow.tickets.length, 0, ticket)
    flow.waitingCost += cost
    lane.waiting += 1
    lane.waitingCost += cost
    if (!lane.next.has(flow)) lane.next.push(flow)
    else if (isDue) lane.next.moved(flow)
    return ticket
  }

  /** The one to be served next. */
  get first(): Ticket<Item> | undefined {
    const flow = this.#turn()
    return flow?.tickets[flow.head]
  }

  /** The next ones of the caller whose turn it is, in their order. */
  firstFew(most: number): readonly Ticket<Item>[] {
    const few: Ticket<Item>[] = []
    const flow = this.#turn()
    if (flow === undefined) return few
    for (let at = flow.head; at < flow.tickets.length && few.length < most; at += 1) {
      const ticket = flow.tickets[at]!
      if (ticket.waits) few.push(ticket)
    }
    return few
  }

  #turn(): Flow<Item> | undefined {
    const lane = this.#next()
    return lane && mostPressed(lane, creditMax)
  }

  /** Takes the ticket out to be served, and charges its caller. */
  take(ticket: Ticket<Item>): void {
    const { flow, cost } = ticket
    const { lane } = flow
    // Only who is served in turn moves the clock of all: one who is served elsewhere, ahead of others, pays alone.
    if (flow === lane.next.first && ticket === flow.tickets[flow.head])
      lane.virtualNow = Math.max(lane.virtualNow, flow.paid)
    ticket.charged = true
    flow.paid += cost / flow.weight
    this.#save(ticket)
    this.remove(ticket)
  }

  /** Takes the ticket out unserved. */
  remove(ticket: Ticket<Item>): void {
    if (!ticket.waits) return
    ticket.waits = false
    const { flow, cost } = ticket
    const { lane } = flow
    flow.waitingCost -= cost
    lane.waitingCost -= cost
    lane.waiting -= 1
    while (flow.head < flow.tickets.length && !flow.tickets[flow.head]!.waits) flow.head += 1
    if (flow.head === flow.tickets.length) this.#retire(flow)
    else {
      if (flow.head > 64 && flow.head * 2 > flow.tickets.length) flow.head -= flow.tickets.splice(0, flow.head).length
      lane.next.moved(flow)
    }
  }

  /** About who will be served before this one, if nobody else comes. */
  ahead({ flow, finish, cost, startBy, number }: Ticket<Item>): Ahead {
    const { lane } = flow
    const own = (finish - flow.paid) * flow.weight - cost
    return this.#aheadIn(lane, flow, {
      finish,
      startBy,
      number,
      price: cost,
      own,
      waiting: lane.waiting - 1,
      cost: lane.waitingCost - cost,
    })
  }

  /** The same for one who does not wait yet: what `ahead` would say of its ticket. */
  aheadOf({ caller, priority, cost, isDue = false, startBy }: Claim): Ahead {
    const lane = this.#lanes[ranks[priority]]!
    const known = lane.flows.get(caller.id)
    const flow = known !== undefined && lane.next.has(known) ? known : undefined
    const paid = flow?.paid ?? Math.max(known?.paid ?? 0, startOf(lane))
    const own = flow === undefined ? 0 : isDue ? dueIn(flow).cost : flow.waitingCost
    const finish = paid + (own + cost) / (flow ?? caller).weight
    const number = this.#numbers
    const { waiting, waitingCost } = lane
    const about = { finish, startBy: isDue ? undefined : startBy, number }
    return this.#aheadIn(lane, flow, { ...about, price: cost, own, waiting, cost: waitingCost })
  }

  #aheadIn(lane: Lane<Item>, its: Flow<Item> | undefined, standing: Standing): Ahead {
    const { finish, startBy, own, price, ...others } = standing
    const about = { finish, startBy, rank: lane.rank }
    const pressed = aheadOfPressed(lane, its, standing)
    if (pressed !== undefined) return this.#withOthers({ ...pressed, ...about }, lane, price)
    let cost = Math.max(0, own)
    for (const flow of lane.next) {
      if (flow !== its) cost += Math.max(0, Math.min(flow.waitingCost, (finish - flow.paid) * flow.weight))
    }
    const meanCost = others.cost / Math.max(1, others.waiting)
    const count = meanCost > 0 ? Math.min(others.waiting, Math.round(cost / meanCost)) : others.waiting
    return this.#withOthers({ count, cost, ...about }, lane, price)
  }

  /** The more urgent go before, but no more of them than it takes to save for one's own; and the less urgent, as far as they save. */
  #withOthers(own: Ahead, lane: Lane<Item>, price: number): Ahead {
    let { count, cost } = own
    for (const other of this.#lanes) {
      if (other.rank >= lane.rank) break
      count += other.waiting
      cost += other.waitingCost
    }
    const share = this.#shareOf(lane)
    const untilSaved = share === 0 ? Infinity : Math.max(own.cost, (own.cost + price - lane.saved) / share)
    if (untilSaved < cost) {
      count = Math.round((count * untilSaved) / cost)
      cost = untilSaved
    }
    let rest = 1
    for (const other of this.#lanes) if (other.rank > lane.rank && other.waiting > 0) rest -= this.#shareOf(other)
    const inAll = cost / rest
    for (const other of this.#lanes) {
      if (other.rank <= lane.rank || other.waiting === 0) continue
      const meanwhile = Math.min(other.waitingCost, other.saved + inAll * this.#shareOf(other))
      count += Math.round((other.waiting * meanwhile) / Math.max(other.waitingCost, 1e-9))
      cost += meanwhile
    }
    return { ...own, count, cost }
  }

  /** The most urgent class, unless another has saved enough; of several, the one that can save least. */
  #next(): Lane<Item> | undefined {
    let next: Lane<Item> | undefined
    for (const lane of this.#lanes) {
      if (lane.waiting === 0) continue
      const isDue = lane.saved > 0 && lane.saved >= headOf(lane.next.first!).cost
      if (next === undefined || isDue) next = lane
    }
    return next
  }

  /** All who wait behind a more urgent class save their share of what one costs that is served now, and one of their own pays. */
  #save(ticket: Ticket<Item>): void {
    const { flow, cost } = ticket
    let isMostUrgent = true
    for (const lane of this.#lanes) {
      if (lane.waiting === 0) continue
      // Before it nobody waits: it has all that there is, and needs no savings.
      if (isMostUrgent) lane.saved = 0
      else {
        lane.saved += cost * this.#shareOf(lane)
        if (lane === flow.lane) {
          lane.saved = Math.max(0, lane.saved - cost)
          ticket.reserved = true
        }
      }
      isMostUrgent = false
    }
  }

  /** It cost more or less than was thought, and all was reckoned by what was thought. */
  #settled({ flow, reserved }: Ticket<Item>, surplus: number): void {
    for (const lane of this.#lanes) {
      if (lane.waiting === 0) continue
      if (lane.rank > flow.lane.rank) lane.saved = Math.max(0, lane.saved + surplus * this.#shareOf(lane))
      else if (lane === flow.lane && reserved)
        lane.saved = Math.max(0, lane.saved - surplus * (1 - this.#shareOf(lane)))
    }
  }

  #shareOf({ rank }: Lane<Item>): number {
    return rank === 0 ? 0 : this.#shares()[rank === 1 ? 'default' : 'batch']
  }

  #retire(flow: Flow<Item>): void {
    const { lane } = flow
    lane.next.remove(flow)
    flow.tickets.length = 0
    flow.head = 0
    flow.waitingCost = 0
    if (lane.waiting > 0) return
    lane.flows.clear()
    lane.virtualNow = 0
    lane.waitingCost = 0
    lane.saved = 0
  }
}

/**
 * Who asked for little of late may ask for so much at once before it counts: milliseconds of a machine, for a weight of 1.
 * Without it whoever comes seldom would wait each time for as many turns of others as it has asks.
 */
export const creditMax = 10_000

/** Nobody gets more credit than others have been served while he did not ask. */
const startOf = <Item>({ virtualNow }: Lane<Item>): number => Math.max(0, virtualNow - creditMax)

/** A caller who comes back has not lost all that it left to others, nor got rid of what is unpaid. */
function flowOf<Item>(lane: Lane<Item>, { id, weight }: Caller): Flow<Item> {
  let flow = lane.flows.get(id)
  if (flow === undefined) {
    flow = { lane, weight, paid: startOf(lane), waitingCost: 0, tickets: [], head: 0, heapAt: -1 }
    lane.flows.set(id, flow)
  } else if (!lane.next.has(flow)) {
    flow.weight = weight
    flow.paid = Math.max(flow.paid, startOf(lane))
  }
  return flow
}

/** Those of a caller that go before the rest: where they end, and what they cost. */
function dueIn<Item>({ tickets, head }: Flow<Item>): { readonly end: number; readonly cost: number } {
  let end = head
  let cost = 0
  for (; end < tickets.length && (tickets[end]!.isDue || !tickets[end]!.waits); end += 1)
    if (tickets[end]!.waits) cost += tickets[end]!.cost
  return { end, cost }
}

const headOf = <Item>(flow: Flow<Item>): Ticket<Item> => flow.tickets[flow.head]!

function isSooner<Item>(one: Flow<Item>, other: Flow<Item>): boolean {
  const oneHead = headOf(one)
  const otherHead = headOf(other)
  const oneFinish = one.paid + oneHead.cost / one.weight
  const otherFinish = other.paid + otherHead.cost / other.weight
  return oneFinish === otherFinish ? oneHead.number < otherHead.number : oneFinish < otherFinish
}
