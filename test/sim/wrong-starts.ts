import type { ServerKind } from '../../src/sim/server-spec.ts'
import { during, keepBusy, mean, type Moment } from './busy.ts'

/** Far from the truth on either side. Each seed falls on one of them. */
const machines = [
  { slots: 1, start: 8 },
  { slots: 4, start: 1 },
  { slots: 4, start: 16 },
  { slots: 16, start: 4 },
  { slots: 1, start: 4 },
] as const

/** More a second than they can do. */
export const card = { 1: 1.4, 4: 2.4, 16: 8 }
export const large = { 1: 2, 4: 5.5, 16: 15 }

const rates = { ollama: card, generic: large, vllm: large, llamacpp: card } satisfies Partial<
  Record<ServerKind, typeof card>
>
type Kind = keyof typeof rates

export const wrongStartKinds = Object.keys(rates) as readonly Kind[]

const isRight = (limit: number, slots: number): boolean => Math.abs(limit - slots) <= Math.max(1, slots / 4)

export const shareRight = (moments: readonly Moment[], slots: number): number =>
  mean(moments, ({ limit }) => (isRight(limit, slots) ? 1 : 0))

/** How much of the time it has to be right once half a minute is over. */
const rightLeast = 0.75
/** For each slot, how many may stand in line inside the server meanwhile. */
export const linedMost = 0.2

/** How busy servers fare whose limits begin far from the truth: which seeds are wrong after half a minute, in words. */
export async function fromWrongStarts(
  kind: Kind,
  seeds: readonly number[],
): Promise<{ readonly wrong: readonly string[]; readonly lined: number }> {
  const wrong: string[] = []
  let lined = 0
  for (const seed of seeds) {
    const machine = machines[seed % machines.length]!
    const { slots } = machine
    const perSecond = rates[kind][slots]
    const moments = during(await keepBusy({ ...machine, perSecond, seed, kind, forMs: 40_000 }), 30_000, 40_000)
    const share = shareRight(moments, slots)
    if (share < rightLeast) wrong.push(`seed ${seed}: of ${slots} slots it was right ${share} of the time`)
    lined += mean(moments, (moment) => moment.lined) / slots / seeds.length
  }
  return { wrong, lined }
}
