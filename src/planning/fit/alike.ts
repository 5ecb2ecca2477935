import { quantile } from './robust.ts'
import { type Rehearsal, rehearse } from './rehearse.ts'
import { isSeen, type Stay } from './stays.ts'

/** Times at a server, from when it was asked. */
export interface Times {
  readonly firstTokenMs: { readonly p50: number; readonly p99: number }
  readonly totalMs: { readonly p50: number; readonly p99: number }
  /** Of all answers together, for each second that one was under way. */
  readonly tokensPerSecond: number
}

export interface Likeness {
  readonly measured: Times
  readonly simulated: Times
}

/** The same requests at the same moments, as they were and on a machine with these numbers. */
export async function alikeOf(stays: readonly Stay[], machine: Rehearsal): Promise<Likeness> {
  const rehearsed = await rehearse(stays, machine)
  const was: Visit[] = []
  const is: Visit[] = []
  for (const [index, stay] of stays.entries()) {
    const its = rehearsed[index]
    if (!isSeen(stay) || its === undefined) continue
    const { sentAt, firstAt, endAt, outputTokens: tokens } = stay
    was.push({ firstMs: firstAt - sentAt, totalMs: endAt - sentAt, tokens })
    is.push({ ...its, tokens })
  }
  return { measured: timesOf(was), simulated: timesOf(is) }
}

interface Visit {
  readonly firstMs: number
  readonly totalMs: number
  readonly tokens: number
}

function timesOf(visits: readonly Visit[]): Times {
  const [tokens, ms] = [sum(visits.map((one) => one.tokens)), sum(visits.map((one) => one.totalMs))]
  return {
    firstTokenMs: percentilesOf(visits.map((one) => one.firstMs)),
    totalMs: percentilesOf(visits.map((one) => one.totalMs)),
    tokensPerSecond: round((tokens * 1_000) / Math.max(ms, 1)),
  }
}

const percentilesOf = (values: readonly number[]): Times['totalMs'] => ({
  p50: round(quantile(values, 0.5)),
  p99: round(quantile(values, 0.99)),
})

const round = (value: number): number => Math.round(value * 10) / 10

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
