import { type Chance, exponential } from './chance.ts'
import type { TraceRow } from './traces.ts'

/** When requests come. */
export type Arrivals =
  | { readonly type: 'poisson'; readonly perSecond: number }
  /** For `share` of each period `factor` times as many as on average, the rest of them in the rest of it. */
  | {
      readonly type: 'bursts'
      readonly perSecond: number
      readonly factor: number
      readonly share: number
      readonly periodMs: number
    }
  /** Over the hours of a day: nearly twice as many in the middle of the afternoon as on average, few before dawn. */
  | { readonly type: 'day'; readonly perSecond: number }
  /** As recorded, over and over; stretched or squeezed to `perSecond` on average where that is given. */
  | { readonly type: 'trace'; readonly rows: readonly TraceRow[]; readonly perSecond: number | undefined }

export interface Arrival {
  readonly atMs: number
  readonly row: TraceRow | undefined
}

/** The instants, one after the other, for ever. */
export function arrivalsOf(arrivals: Arrivals, chance: Chance): () => Arrival {
  switch (arrivals.type) {
    case 'poisson':
      return poisson(() => arrivals.perSecond, chance)
    case 'bursts': {
      const { perSecond, factor, share, periodMs } = arrivals
      const calm = Math.max((perSecond * (1 - factor * share)) / (1 - share), 0)
      return poisson(
        (atMs) => (atMs % periodMs < share * periodMs ? perSecond * factor : calm),
        chance,
        perSecond * factor,
      )
    }
    case 'day': {
      const { perSecond } = arrivals
      return poisson((atMs) => perSecond * tideAt(atMs), chance, perSecond * (1 + swing))
    }
    case 'trace':
      return recorded(arrivals.rows, arrivals.perSecond)
  }
}

export const dayMs = 86_400_000

const swing = 0.8
const highestAtMs = 15 * 3_600_000

/** Of the average of the day, whose first hour is the one after midnight. */
const tideAt = (atMs: number): number => 1 + swing * Math.cos((2 * Math.PI * (atMs - highestAtMs)) / dayMs)

/** Where the rate changes, it is drawn at its highest and thinned out. */
function poisson(
  perSecondAt: (atMs: number) => number,
  chance: Chance,
  mostPerSecond: number = perSecondAt(0),
): () => Arrival {
  let atMs = 0
  return () => {
    do atMs += exponential(chance, 1_000 / mostPerSecond)
    while (chance() * mostPerSecond >= perSecondAt(atMs))
    return { atMs, row: undefined }
  }
}

function recorded(rows: readonly TraceRow[], perSecond: number | undefined): () => Arrival {
  const lengthMs = Math.max(rows.at(-1)!.atMs, 1) * (rows.length / Math.max(rows.length - 1, 1))
  const stretch = perSecond === undefined ? 1 : (rows.length * 1_000) / perSecond / lengthMs
  let next = 0
  return () => {
    const row = rows[next % rows.length]!
    const atMs = (Math.floor(next / rows.length) * lengthMs + row.atMs) * stretch
    next += 1
    return { atMs, row }
  }
}
