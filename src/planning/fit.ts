import { paidTier } from '../core/money.ts'
import type { Recording } from '../recording/read.ts'
import type { RecordedUpstream } from '../recording/rows.ts'
import { likes, type ServerKind, type ServerOptions, vllmLike } from '../sim/server-spec.ts'
import { alikeOf, type Likeness } from './fit/alike.ts'
import { cacheBlocksOf } from './fit/cache.ts'
import { fitCloud } from './fit/cloud.ts'
import { fitHome, homeOptions } from './fit/home.ts'
import { loadsOf } from './fit/loads.ts'
import { mostAtOnce, sampleOf, seenIn } from './fit/sample.ts'
import { type Stay, staysIn } from './fit/stays.ts'
import { doubtsOf } from './fit/doubts.ts'

/** What a recording tells of its servers, in the numbers of the simulator. */
export interface Fitted {
  /** By the server's name; of whom too little was seen, nothing stands here. */
  readonly machines: ReadonlyMap<string, ServerOptions>
  readonly upstreams: readonly FittedUpstream[]
}

export interface FittedUpstream {
  readonly name: string
  readonly kind: string
  /** What was fitted; undefined where that was not possible. */
  readonly machine: ServerOptions | undefined
  /** Answers whose times tell of it. */
  readonly answers: number
  readonly mostAtOnce: number
  /** The same requests, at the same moments, on the simulated machine. */
  readonly likeness: Likeness | undefined
  /** What this recording could not show, in sentences. */
  readonly unknown: readonly string[]
}

export interface FitOptions {
  /** Told of each server before it is looked at. */
  readonly onUpstream?: (name: string) => void
}

/** With fewer answers than these nothing is said of a server. */
const answersLeast = 30

/** Reads off a recording how fast its servers are. The same recording gives the same numbers. */
export async function fitFrom(recording: Recording, { onUpstream }: FitOptions = {}): Promise<Fitted> {
  const fit = fitterOf(recording)
  const upstreams: FittedUpstream[] = []
  for (const upstream of upstreamsIn(recording)) {
    onUpstream?.(upstream.name)
    upstreams.push(await fit(upstream))
  }
  return fittedOf(upstreams)
}

export const upstreamsIn = ({ settings }: Recording): readonly RecordedUpstream[] => settings.at(-1)?.upstreams ?? []

/** Looks at one server after the other; none has anything to do with another. */
export function fitterOf(recording: Recording): (upstream: RecordedUpstream) => Promise<FittedUpstream> {
  let stays: ReturnType<typeof staysIn> | undefined
  return (upstream) => fitted(upstream, (stays ??= staysIn(recording)).get(upstream.name) ?? [])
}

export function fittedOf(upstreams: readonly FittedUpstream[]): Fitted {
  const machines = upstreams.flatMap(({ name, machine }): [string, ServerOptions][] =>
    machine === undefined ? [] : [[name, machine]],
  )
  return { machines: new Map(machines), upstreams }
}

async function fitted(upstream: RecordedUpstream, all: readonly Stay[]): Promise<FittedUpstream> {
  const { name, kind, tier } = upstream
  const sample = sampleOf(all)
  const known = { name, kind, answers: seenIn(all), mostAtOnce: mostAtOnce(all) }
  if (seenIn(sample) < answersLeast) {
    const unknown = [tooFew(known.answers)]
    return { ...known, machine: undefined, likeness: undefined, unknown }
  }
  if (tier >= paidTier) {
    const machine = fitCloud(sample)
    return { ...known, machine, likeness: undefined, unknown: doubtsOf({ upstream, all, machine, isCloud: true }) }
  }
  const usual = likeOf(kind)().engine
  const fit = await fitHome(sample, usual)
  const slotsLeast = Math.max(usual.slots, known.mostAtOnce, upstream.concurrency === 'auto' ? 0 : upstream.concurrency)
  const speeds = homeOptions(fit, slotsLeast)
  const { loadMs, modelsAtOnce } = loadsOf(all)
  const cacheBlocks = cacheBlocksOf(all)
  const machine: ServerOptions = {
    ...speeds,
    engine: {
      ...speeds.engine,
      ...(loadMs !== undefined && { loadMs: Math.round(loadMs) }),
      ...(modelsAtOnce > usual.loadedMax && { loadedMax: modelsAtOnce }),
      ...(cacheBlocks !== undefined && { cacheBlocks }),
    },
  }
  const likeness = await alikeOf(sample, { engine: { ...usual, ...machine.engine }, networkMs: machine.networkMs ?? 0 })
  return { ...known, machine, likeness, unknown: doubtsOf({ upstream, all, machine, isCloud: false }) }
}

const tooFew = (answers: number): string =>
  `Only ${answers} of its answers were streamed to the end and counted: from fewer than ${answersLeast} nothing is concluded.`

const likeOf = (kind: string): (typeof likes)[ServerKind] => (kind in likes ? likes[kind as ServerKind] : vllmLike)
