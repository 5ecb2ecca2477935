import type { Entry, TokenCounts, Try } from '../../src/core/ledger.ts'
import { costOf, type Price } from '../../src/core/money.ts'
import type { Bill } from '../../src/sim/bills.ts'
import type { Visit } from '../../src/sim/caller.ts'

/** All that was taken down, and what everybody else knows of it. */
export interface Books {
  readonly entries: readonly Entry[]
  /** What the servers say, each for itself. */
  readonly bills: readonly { readonly upstream: string; readonly bill: Bill }[]
  readonly visits: readonly Visit[]
  /** Requests of which somebody was asked something, by the events. */
  readonly tried: ReadonlySet<string>
  readonly prices: ReadonlyMap<string, Price>
}

const idOf = (number: number | string): string => `errand-${number}`

/** Whose request a server had: the question says its number. */
function askerOf({ prompt }: Bill): string {
  const found = [...prompt.matchAll(/Question (\d+): say/g)].at(-1)
  if (found === null || found === undefined) throw new Error('Nobody has asked that.')
  return idOf(found[1]!)
}

/** What must be true of books: gives the first sentence that is false. */
export function falseOf({ entries, bills, visits, tried, prices }: Books): string | undefined {
  const byRequest = new Map(entries.map((entry) => [entry.id, entry]))
  if (byRequest.size !== entries.length) return 'a request is taken down once'
  for (const id of tried) if (!byRequest.has(id)) return `every request that was tried is taken down (${id})`
  const billed = Map.groupBy(bills, ({ bill }) => askerOf(bill))
  for (const id of billed.keys()) if (!byRequest.has(id)) return `what a server was asked is taken down (${id})`
  const heard = new Map(visits.map((visit) => [idOf(visit.errand.number), visit]))
  for (const entry of entries) {
    const theirs = billed.get(entry.id) ?? []
    const visit = heard.get(entry.id)
    // That a tool is called is said in a frame, and not in a token.
    const calls = visit?.errand.wants === 'tool' ? theirs.length : 0
    const wrong =
      falseOfTries(entry, { bills: theirs, calls, prices }) ??
      falseOfEntry(entry, { bills: theirs, calls }) ??
      falseOfHeard(entry, visit)
    if (wrong !== undefined) return `${wrong} (${entry.id}, ${entry.upstream}, ${entry.dialect})`
  }
  return undefined
}

interface Billed extends Pick<Books, 'bills'> {
  /** So much more than was said may be taken for it. */
  readonly calls: number
}

/** What was paid for, server by server. */
function falseOfTries({ tries }: Entry, { bills, calls, prices }: Billed & Pick<Books, 'prices'>): string | undefined {
  for (const { claim, nano, state, ...counts } of tries) {
    const { inputTokens: promptTokens, outputTokens } = counts
    const cost = state === 'settled' ? costOf({ promptTokens, outputTokens }, prices.get(claim.model)!) : 0
    if (nano !== cost) return `a try costs what its tokens cost (${nano}, not ${cost})`
  }
  for (const [upstream, there] of Map.groupBy(tries, ({ claim }) => claim.upstream)) {
    const theirs = bills.filter((one) => one.upstream === upstream).map(({ bill }) => bill)
    const wrong = falseOfRuns(there, theirs, calls)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

/** Tries at one server, and its own bills for what it ran of them. */
function falseOfRuns(tries: readonly Try[], bills: readonly Bill[], calls: number): string | undefined {
  const left = bills.filter(({ isBegun, isDeclined }) => isBegun && !isDeclined)
  const paid = tries.filter(({ state }) => state === 'settled')
  for (const one of paid) {
    if (one.estimated) continue
    const at = left.findIndex((bill) => bill.isTold && isSame(one, bill))
    if (at === -1) return `what a server counted is paid for to the token (${one.inputTokens}+${one.outputTokens})`
    left.splice(at, 1)
  }
  const guessed = paid.filter(({ estimated }) => estimated)
  if (outputOf(guessed) > outputOf(left) + calls)
    return `nobody pays for more than was said (${outputOf(guessed)}, of ${outputOf(left)})`
  const unpaid = left.length - guessed.length
  return unpaid > 0 ? `what was run is paid for (${unpaid} runs are not)` : undefined
}

/** What was served at home, of which only the last try is taken down. */
function falseOfEntry(entry: Entry, { bills, calls }: Billed): string | undefined {
  // What came to nothing there cost nobody anything.
  const isNothing = entry.fault !== undefined && entry.inputTokens + entry.outputTokens === 0
  if (entry.tier > 0 || isNothing) return undefined
  const there = bills.map(({ bill }) => bill)
  if (entry.estimated)
    return entry.outputTokens <= outputOf(there) + calls
      ? undefined
      : `nothing is taken down that was not said (${entry.outputTokens})`
  const isTheirs = bills.some(({ upstream, bill }) => upstream === entry.upstream && bill.isTold && isSame(entry, bill))
  return isTheirs
    ? undefined
    : `what a server counted is taken down as it did (${entry.inputTokens}+${entry.outputTokens})`
}

const outputOf = (all: readonly { readonly outputTokens: number }[]): number =>
  all.reduce((sum, { outputTokens }) => sum + outputTokens, 0)

const isSame = ({ inputTokens, outputTokens }: TokenCounts, bill: Bill): boolean =>
  inputTokens === bill.promptTokens && outputTokens === bill.outputTokens

/** Whoever heard something has it on his page. */
function falseOfHeard(entry: Entry, visit: Visit | undefined): string | undefined {
  if (visit?.heard === undefined || visit.errand.wants !== 'words') return undefined
  const words = visit.heard.text.split(' ').length - 1
  const most = Math.max(entry.outputTokens, outputOf(entry.tries))
  return words > most ? `what a caller heard is taken down (${words} words, of which ${most})` : undefined
}
