import { inDollars } from '../core/money.ts'
import type { Ledger } from '../core/ledger.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** Days that are compared with, and on how many of them somebody has to have spent something for it to be a habit. */
const days = 7
const daysMin = 4
const factor = 5
/** Nobody need be told of less. */
const leastNano = 50_000_000

export interface Unusual {
  readonly caller: string
  readonly nano: number
  readonly usualNano: number
}

/** Those who spent five times as much in the last hour as in the same hour of other days, in the middle of these. */
export async function unusualSpending(ledger: Pick<Ledger, 'report'>, now: number): Promise<readonly Unusual[]> {
  const spent = async (until: number): Promise<ReadonlyMap<string, number>> => {
    const rows = await ledger.report({ by: ['caller'], since: until - hourMs, until })
    return new Map(rows.map(({ of, nano }) => [of.caller ?? '', nano]))
  }
  const present = [...(await spent(now))].filter(([, nano]) => nano >= leastNano)
  if (present.length === 0) return []
  const past: ReadonlyMap<string, number>[] = []
  for (let day = 1; day <= days; day += 1) past.push(await spent(now - day * dayMs))
  return present.flatMap(([caller, nano]) => {
    const usual = past.map((one) => one.get(caller) ?? 0).filter((one) => one > 0)
    const usualNano = medianOf(usual)
    const isUnusual = usual.length >= daysMin && nano >= factor * usualNano && nano - usualNano >= leastNano
    return isUnusual ? [{ caller, nano, usualNano }] : []
  })
}

export const unusualText = ({ caller, nano, usualNano }: Unusual): string =>
  `${caller} spent ${inDollars(nano)} in the last hour; at this time of day ${inDollars(usualNano)} is usual.`

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
