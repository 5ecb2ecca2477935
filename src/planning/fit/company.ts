import type { SeenStay, Stay } from './stays.ts'

/** Who else was at the server while one request was. */
export interface Company {
  /** How long so many spoke at once, itself included, and nobody kept them from it: the first number is of nobody. */
  readonly speakingMs: readonly number[]
  /** While it spoke, how long somebody else was being read. */
  readonly besideMs: number
  /** How long nobody was, but somebody was there who had yet to be. */
  readonly beforeMs: number
  /** Tokens of other prompts that were read while it waited to be read itself. */
  readonly readBefore: number
  /** So many spoke when it came, and nobody read. */
  readonly speakingThen: number
  /** So many were there when it came, whatever they did. */
  readonly thereThen: number
}

export interface Habits {
  readonly readMsPerToken: number
  readonly networkMs: number
  /** While one reads, nobody speaks. */
  readonly prefillStalls: boolean
}

/** Whoever is about to end has ended, as far as the next one is concerned: recorded times are a little off. */
const leewayMs = 1

interface Span {
  readonly of: Stay
  readonly sentAt: number
  readonly readAt: number
  readonly firstAt: number
  readonly endAt: number
}

/** Of each that was seen. When a prompt was read is not recorded: it is taken to have been just before the first token. */
export function companiesOf(stays: readonly Stay[], habits: Habits): ReadonlyMap<SeenStay, Company> {
  const spans = stays.map((stay) => spanOf(stay, habits))
  const longestMs = spans.reduce((most, { sentAt, endAt }) => Math.max(most, endAt - sentAt), 0)
  const companies = new Map<SeenStay, Company>()
  let from = 0
  for (const span of spans) {
    while (spans[from]!.sentAt < span.sentAt - longestMs) from += 1
    if (span.of.firstAt === undefined) continue
    const others: Span[] = []
    for (let at = from; at < spans.length && spans[at]!.sentAt < span.endAt; at += 1) {
      const other = spans[at]!
      if (other !== span && other.endAt > span.sentAt) others.push(other)
    }
    companies.set(span.of as SeenStay, companyOf(span, others, habits))
  }
  return companies
}

function spanOf(stay: Stay, { readMsPerToken, networkMs }: Habits): Span {
  const { sentAt, endAt, readTokens } = stay
  const readMs = readTokens * readMsPerToken
  const firstAt = Math.min(stay.firstAt ?? sentAt + networkMs + readMs, endAt)
  return { of: stay, sentAt, endAt, firstAt, readAt: Math.max(sentAt, firstAt - readMs) }
}

function companyOf(span: Span, others: readonly Span[], { prefillStalls }: Habits): Company {
  const { sentAt, readAt, firstAt, endAt } = span
  const steps: { readonly at: number; readonly speaking: number; readonly here: number; readonly reading: number }[] =
    []
  let readBefore = 0
  let [speakingThen, thereThen] = [0, 0]
  let isReading = false
  for (const other of others) {
    const { readTokens } = other.of
    readBefore += readTokens * shareWithin(other, sentAt, readAt)
    if (other.sentAt <= sentAt && other.endAt > sentAt + leewayMs) thereThen += 1
    if (other.firstAt <= sentAt) speakingThen += 1
    else if (other.readAt <= sentAt) isReading = true
    add(other.firstAt, other.endAt, { speaking: 1 })
    if (!prefillStalls) continue
    add(other.sentAt, other.readAt, { here: 1 })
    add(other.readAt, other.firstAt, { reading: 1 })
  }
  function add(begin: number, end: number, { speaking = 0, here = 0, reading = 0 }): void {
    const [low, high] = [Math.max(begin, firstAt), Math.min(end, endAt)]
    if (high <= low) return
    steps.push({ at: low, speaking, here, reading }, { at: high, speaking: -speaking, here: -here, reading: -reading })
  }
  steps.sort((one, other) => one.at - other.at)
  const speakingMs: number[] = [0, 0]
  let [besideMs, beforeMs] = [0, 0]
  let now = firstAt
  let [speaking, here, reading] = [1, 0, 0]
  for (const step of [...steps, { at: endAt, speaking: 0, here: 0, reading: 0 }]) {
    const ms = step.at - now
    if (reading > 0) besideMs += ms
    else if (here > 0) beforeMs += ms
    else speakingMs[speaking] = (speakingMs[speaking] ?? 0) + ms
    now = step.at
    speaking += step.speaking
    here += step.here
    reading += step.reading
  }
  return {
    speakingMs: Array.from(speakingMs, (ms) => ms ?? 0),
    besideMs,
    beforeMs,
    readBefore,
    speakingThen: isReading ? 0 : speakingThen,
    thereThen,
  }
}

/** How much of what was read then fell into that time. */
function shareWithin({ readAt, firstAt }: Span, begin: number, end: number): number {
  const ms = firstAt - readAt
  if (ms <= 0) return firstAt > begin && firstAt <= end ? 1 : 0
  return Math.max(0, Math.min(firstAt, end) - Math.max(readAt, begin)) / ms
}
