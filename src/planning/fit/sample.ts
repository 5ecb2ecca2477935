import { isSeen, type Stay } from './stays.ts'

/** So many runs of so many that were sent one after the other. */
const runs = 6
const runLength = 250

/** Between two of them, so that nobody of the one meets anybody of the other. */
const gapMs = 60_000

/**
 * Of a long recording some stretches, as far from one another as can be and one of them where there was the most to do: what a
 * server is like shows in an hour as well as in a month.
 */
export function sampleOf(stays: readonly Stay[]): readonly Stay[] {
  if (stays.length <= runs * runLength) return stays
  const rush = busiest(stays)
  const begins = Array.from({ length: runs - 1 }, (_, run) =>
    Math.round((run * (stays.length - runLength)) / (runs - 2)),
  ).filter((begin) => Math.abs(begin - rush) >= runLength)
  const sample: Stay[] = []
  let endAt = 0
  for (const begin of [...begins, rush].sort((one, other) => one - other)) {
    const run = stays.slice(begin, begin + runLength)
    const byMs = endAt - run[0]!.sentAt
    for (const stay of run) sample.push(later(stay, byMs))
    endAt = gapMs + run.reduce((last, stay) => Math.max(last, stay.endAt + byMs), 0)
  }
  return sample
}

/** Where so many came within the shortest time. */
function busiest(stays: readonly Stay[]): number {
  let best = { at: 0, ms: Infinity }
  for (let at = 0; at + runLength <= stays.length; at += 1) {
    const ms = stays[at + runLength - 1]!.sentAt - stays[at]!.sentAt
    if (ms < best.ms) best = { at, ms }
  }
  return best.at
}

const later = (stay: Stay, byMs: number): Stay => ({
  ...stay,
  arrivedAt: stay.arrivedAt + byMs,
  sentAt: stay.sentAt + byMs,
  endAt: stay.endAt + byMs,
  firstAt: stay.firstAt === undefined ? undefined : stay.firstAt + byMs,
})

/** A place is given on before its request has quite ended. */
const leewayMs = 5

/** The most that were there at once. */
export const mostAtOnce = (stays: readonly Stay[]): number =>
  mostTogether(stays.map(({ sentAt, endAt }) => ({ beginAt: sentAt, endAt: Math.max(endAt - leewayMs, sentAt) })))

/** The most that spoke at once: a server has no fewer slots. */
export const mostSpeaking = (stays: readonly Stay[]): number =>
  mostTogether(stays.flatMap(({ firstAt, endAt }) => (firstAt === undefined ? [] : [{ beginAt: firstAt, endAt }])))

/** Where so many were together for a smaller part of the time than this, it was only told late that one had ended. */
const shareLeast = 0.005

function mostTogether(all: readonly Interval[]): number {
  const [, ...ms] = timesTogether(all)
  const least = shareLeast * ms.reduce((sum, one) => sum + one, 0)
  return ms.findLastIndex((one) => one > least) + 1
}

interface Interval {
  readonly beginAt: number
  readonly endAt: number
}

/** How long none of them was under way, one, two, and so on. */
function timesTogether(all: readonly Interval[]): number[] {
  const changes = all
    .filter(({ beginAt, endAt }) => endAt > beginAt)
    .flatMap(({ beginAt, endAt }) => [
      { at: beginAt, by: 1 },
      { at: endAt, by: -1 },
    ])
    .sort((one, other) => one.at - other.at || one.by - other.by)
  const ms: number[] = []
  let [now, since] = [0, 0]
  for (const { at, by } of changes) {
    ms[now] = (ms[now] ?? 0) + at - since
    now += by
    since = at
  }
  return ms
}

export const seenIn = (stays: readonly Stay[]): number => stays.filter(isSeen).length
