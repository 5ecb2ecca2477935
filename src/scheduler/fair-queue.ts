import type { Caller, Priority } from '../core/ask.ts'
import { Heap, type Heaped } from './heap.ts'

/** What a caller was charged for an ask that has been served. */
export interface Charge {
  /** What it really cost, known at its end: the caller's next turn comes later or sooner for it. */
  settle(realTokens: number): void
}

/** One who waits, and what serving it is thought to cost. */
export class Ticket<Item> implements Charge {
  readonly item: Item
  /** Prompt and output tokens, estimated. */
  readonly costTokens: number
  readonly flow: Flow<Item>
  /** Counts arrivals: what breaks a tie. */
  readonly number: number
  /** Virtual time by which a fair server would be done with it, as things stood when it came. */
  readonly finish: number
  waits = true

  constructor(of: { item: Item; costTokens: number; flow: Flow<Item>; number: number }) {
    const { item, costTokens, flow, number } = of
    this.item = item
    this.costTokens = costTokens
    this.flow = flow
    this.number = number
    this.finish = flow.paid + (flow.waitingTokens + costTokens) / flow.weight
  }

  settle(realTokens: number): void {
    const { flow, costTokens } = this
    flow.paid += (realTokens - costTokens) / flow.weight
    if (flow.lane.next.has(flow)) flow.lane.next.moved(flow)
  }
}

/** On whose account something waits, and for how much. */
export interface Claim {
  readonly caller: Caller
  readonly priority: Priority
  readonly costTokens: number
}

type Crowd = Pick<Lane<unknown>, 'waiting' | 'waitingTokens' | 'waitingWeight'>

/** The asks of one caller in one class, first come first served. */
interface Flow<Item> extends Heaped {
  readonly lane: Lane<Item>
  weight: number
  /** Virtual time by which all that was taken from it is paid for. */
  paid: number
  waitingTokens: number
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
  waitingTokens: number
  waitingWeight: number
  /** Times in a row that others were served while someone here waited. */
  passedOver: number
}

const ranks: Readonly<Record<Priority, number>> = { interactive: 0, default: 1, batch: 2 }

/** A class that waits is passed over by more urgent ones at most this often in a row. */
export const passedOverMax = 8

/**
 * Who is next, fairly: each caller's tokens advance a virtual clock of its own, slower for a larger weight, and the one
 * whose ask would be done first by these clocks is served first. So a share follows the weight, not how much is asked
 * for. A more urgent class goes first, but never starves another.
 * Clocks are forgotten when nobody waits any more: who had a server for itself owes nothing for it.
 */
export class FairQueue<Item> {
  readonly #lanes: readonly Lane<Item>[] = [0, 1, 2].map((rank) => ({
    rank,
    flows: new Map(),
    next: new Heap<Flow<Item>>(isSooner),
    virtualNow: 0,
    waiting: 0,
    waitingTokens: 0,
    waitingWeight: 0,
    passedOver: 0,
  }))
  #numbers = 0

  get size(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.waiting, 0)
  }

  push(item: Item, by: Claim): Ticket<Item> {
    const { caller, costTokens } = by
    const lane = this.#lanes[ranks[by.priority]]!
    const flow = flowOf(lane, caller)
    const ticket = new Ticket({ item, costTokens, flow, number: this.#numbers++ })
    flow.tickets.push(ticket)
    flow.waitingTokens += costTokens
    lane.waiting += 1
    lane.waitingTokens += costTokens
    if (!lane.next.has(flow)) {
      lane.waitingWeight += flow.weight
      lane.next.push(flow)
    }
    return ticket
  }

  /** The one to be served next. */
  get first(): Ticket<Item> | undefined {
    const flow = this.#next()?.next.first
    return flow?.tickets[flow.head]
  }

  /** Takes the ticket out to be served, and charges its caller. */
  take(ticket: Ticket<Item>): void {
    const { flow, costTokens } = ticket
    const { lane } = flow
    const paid = flow.paid + costTokens / flow.weight
    // Only who is served in turn moves the clock of all: one who is served elsewhere, ahead of others, pays alone.
    if (flow === lane.next.first && ticket === flow.tickets[flow.head])
      lane.virtualNow = Math.max(lane.virtualNow, paid)
    flow.paid = paid
    lane.passedOver = 0
    for (const other of this.#lanes) if (other.rank > lane.rank && other.waiting > 0) other.passedOver += 1
    this.remove(ticket)
  }

  /** Takes the ticket out unserved. */
  remove(ticket: Ticket<Item>): void {
    if (!ticket.waits) return
    ticket.waits = false
    const { flow, costTokens } = ticket
    const { lane } = flow
    flow.waitingTokens -= costTokens
    lane.waitingTokens -= costTokens
    lane.waiting -= 1
    while (flow.head < flow.tickets.length && !flow.tickets[flow.head]!.waits) flow.head += 1
    if (flow.head === flow.tickets.length) this.#retire(flow)
    else {
      if (flow.head > 64 && flow.head * 2 > flow.tickets.length) flow.head -= flow.tickets.splice(0, flow.head).length
      lane.next.moved(flow)
    }
  }

  /** About how many will be served before this one, if nobody else comes. */
  ahead({ flow, finish }: Ticket<Item>): number {
    return this.#aheadIn(flow.lane, finish, flow.lane)
  }

  /** The same for one who does not wait yet: what `ahead` would say of its ticket. */
  aheadOf({ caller, priority, costTokens }: Claim): number {
    const lane = this.#lanes[ranks[priority]]!
    const known = lane.flows.get(caller.id)
    const flow = known !== undefined && lane.next.has(known) ? known : undefined
    const paid = flow?.paid ?? Math.max(known?.paid ?? 0, lane.virtualNow)
    const finish = paid + ((flow?.waitingTokens ?? 0) + costTokens) / (flow ?? caller).weight
    return this.#aheadIn(lane, finish, {
      waiting: lane.waiting + 1,
      waitingTokens: lane.waitingTokens + costTokens,
      waitingWeight: lane.waitingWeight + (flow === undefined ? caller.weight : 0),
    })
  }

  #aheadIn({ rank, virtualNow }: Lane<Item>, finish: number, crowd: Crowd): number {
    const { waiting, waitingTokens, waitingWeight } = crowd
    const meanTokens = waitingTokens / Math.max(1, waiting)
    const share = meanTokens > 0 ? ((finish - virtualNow) * waitingWeight) / meanTokens : waiting
    const inLane = Math.max(0, Math.min(waiting, Math.round(share)) - 1)
    return this.#lanes.reduce((sum, other) => (other.rank < rank ? sum + other.waiting : sum), inLane)
  }

  #next(): Lane<Item> | undefined {
    let next: Lane<Item> | undefined
    for (const lane of this.#lanes) {
      if (lane.waiting === 0) continue
      if (lane.passedOver >= passedOverMax) return lane
      next ??= lane
    }
    return next
  }

  #retire(flow: Flow<Item>): void {
    const { lane } = flow
    lane.next.remove(flow)
    flow.tickets.length = 0
    flow.head = 0
    flow.waitingTokens = 0
    lane.waitingWeight -= flow.weight
    if (lane.waiting > 0) return
    lane.flows.clear()
    lane.virtualNow = 0
    lane.waitingTokens = 0
    lane.waitingWeight = 0
    lane.passedOver = 0
  }
}

/** A caller who comes back begins with the others: neither credit nor, beyond what is unpaid, debt. */
function flowOf<Item>(lane: Lane<Item>, { id, weight }: Caller): Flow<Item> {
  let flow = lane.flows.get(id)
  if (flow === undefined) {
    flow = { lane, weight, paid: lane.virtualNow, waitingTokens: 0, tickets: [], head: 0, heapAt: -1 }
    lane.flows.set(id, flow)
  } else if (!lane.next.has(flow)) {
    flow.weight = weight
    flow.paid = Math.max(flow.paid, lane.virtualNow)
  }
  return flow
}

function isSooner<Item>(one: Flow<Item>, other: Flow<Item>): boolean {
  const oneHead = one.tickets[one.head]!
  const otherHead = other.tickets[other.head]!
  const oneFinish = one.paid + oneHead.costTokens / one.weight
  const otherFinish = other.paid + otherHead.costTokens / other.weight
  return oneFinish === otherFinish ? oneHead.number < otherHead.number : oneFinish < otherFinish
}
