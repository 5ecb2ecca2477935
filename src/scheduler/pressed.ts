/** One who waits, as much of it as matters here. */
interface Pressable {
  readonly waits: boolean
  readonly number: number
  readonly cost: number
  readonly finish: number
  readonly startBy: number | undefined
}

interface Flow {
  readonly tickets: readonly Pressable[]
  readonly head: number
  readonly paid: number
  readonly weight: number
}

interface Lane<Its extends Flow> {
  readonly next: Iterable<Its> & { readonly first: Its | undefined }
  readonly waiting: number
}

/** Of a longer line the order is fair and nothing else: to look at all of them would cost more than it saves. */
const lineMax = 128

/**
 * Of those who have said by when they want their answers, the one that has to begin soonest goes first: whoever can wait for
 * it loses nothing by that, and fewer are late and have to leave. Their caller may be ahead of its turn by no more than
 * anybody's credit.
 */
export function mostPressed<Its extends Flow>(lane: Lane<Its>, credit: number): Its {
  const turn = lane.next.first!
  const { startBy } = headOf(turn)
  if (startBy === undefined || lane.waiting > lineMax) return turn
  let most = turn
  let soonest = startBy
  const upTo = finishOf(turn) + credit
  for (const flow of lane.next) {
    const at = headOf(flow).startBy
    if (at === undefined || at >= soonest || finishOf(flow) > upTo) continue
    most = flow
    soonest = at
  }
  return most
}

/** Who is before one that has to begin by then: its caller's own, those who are pressed more, and of all others who is before it in fairness. */
export function aheadOfPressed<Its extends Flow>(
  lane: Lane<Its>,
  its: Its | undefined,
  {
    finish,
    startBy,
    number,
  }: { readonly finish: number; readonly startBy: number | undefined; readonly number: number },
): { readonly count: number; readonly cost: number } | undefined {
  if (startBy === undefined || lane.waiting > lineMax) return undefined
  let [count, cost] = [0, 0]
  for (const flow of lane.next) {
    for (let at = flow.head; at < flow.tickets.length; at += 1) {
      const ticket = flow.tickets[at]!
      if (!ticket.waits || ticket.number === number) continue
      const isBefore = flow === its ? ticket.number < number : precedes(ticket, { finish, startBy })
      if (!isBefore) continue
      count += 1
      cost += ticket.cost
    }
  }
  return { count, cost }
}

/** Whether one of the same class is served before somebody. */
export function precedes(
  one: Pick<Pressable, 'finish' | 'startBy'>,
  { finish, startBy }: Pick<Pressable, 'finish' | 'startBy'>,
): boolean {
  return one.startBy === undefined || startBy === undefined ? one.finish < finish : one.startBy < startBy
}

const headOf = ({ tickets, head }: Flow): Pressable => tickets[head]!

const finishOf = (flow: Flow): number => flow.paid + headOf(flow).cost / flow.weight
