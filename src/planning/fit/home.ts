import type { EngineSpec } from '../../sim/engine-spec.ts'
import type { ServerOptions } from '../../sim/server-spec.ts'
import { estimate, type Pace } from './estimate.ts'
import { engineOf, offBy, type Refined, refined } from './refine.ts'
import { rehearse } from './rehearse.ts'
import { mostAtOnce, mostSpeaking } from './sample.ts'
import type { Stay } from './stays.ts'

/** A machine of one's own: so many slots, of which each is slower the more of them are busy. */
export async function fitHome(
  stays: readonly Stay[],
  usual: EngineSpec,
): Promise<Refined & { readonly slots: number }> {
  const most = mostAtOnce(stays)
  let best: (Refined & { readonly slots: number }) | undefined
  for (const slots of [Infinity, ...candidatesBetween(mostSpeaking(stays), most)]) {
    if (best !== undefined && best.off < goodEnough) break
    for (const pace of pacesWith(stays, slots)) {
      const engine = { ...usual, ...engineOf(pace), slots }
      const off = offBy(stays, await rehearse(stays, { engine, networkMs: pace.networkMs }))
      // Fewer slots than were asked for at once are believed only where they explain a good deal.
      if (best === undefined || off < best.off * (slots < best.slots ? 0.85 : 1)) best = { pace, off, slots }
    }
  }
  return { slots: best!.slots, ...(await refined(stays, best!.pace, { ...usual, slots: best!.slots })) }
}

/** Who says less than this share of what he says otherwise is kept from it. */
const hushedBelow = 0.5

/** Whether it keeps others from speaking while it reads shows in what they said then; if that was seldom, both are tried. */
function pacesWith(stays: readonly Stay[], slots: number): readonly Pace[] {
  const { pace, besideShare } = estimate(stays, { prefillStalls: true, slots })
  if (besideShare !== undefined && besideShare < hushedBelow) return [pace]
  const aside = estimate(stays, { prefillStalls: false, slots }).pace
  return besideShare === undefined ? [aside, pace] : [aside]
}

/** Nothing but its speed is needed to explain what was seen. */
const goodEnough = 0.1

/** Slots that servers are usually given, where no more spoke at once, and more than that were there. */
const candidatesBetween = (speaking: number, most: number): number[] =>
  [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 48, 64, 96, 128, 256].filter((slots) => slots >= speaking && slots < most)

/** The numbers for the simulator; where the server's slots were never all taken, as many as could have been. */
export function homeOptions({ pace, slots }: Refined & { readonly slots: number }, slotsLeast: number): ServerOptions {
  const { networkMs, prefillMs, stepMs, readMsPerToken } = pace
  return {
    networkMs: rounded(networkMs),
    engine: {
      ...engineOf(pace),
      prefillMs: rounded(prefillMs),
      prefillTokensPerSecond: Math.round(1_000 / Math.max(readMsPerToken, 1e-4)),
      stepMs: stepMs.map(([running, ms]) => [running, rounded(ms)]),
      slots: slots === Infinity ? slotsLeast : slots,
    },
  }
}

/** Three digits tell as much as there is to know. */
export const rounded = (value: number): number => (value === 0 ? 0 : Number(value.toPrecision(3)))
