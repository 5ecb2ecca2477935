import type { ConfigInput } from '../../../src/config/schema.ts'
import type { Event } from '../../../src/core/event.ts'
import { type Llama, llama, reciting } from '../llama.ts'
import { ownAddress } from '../own-address.ts'
import { type Ends, open, until } from '../rig.ts'
import { type Script, scriptOf } from './crowd.ts'

/** Some milliseconds a token, so that whatever happens happens in the middle of answers. */
export const slowly = [...reciting(400), '--width', '256', '--layers', '2', '--ff', '1024'] as const

/** What happened, and when in `performance.now`. */
export interface Noted {
  readonly at: number
  readonly event: Event
}

export interface Pair {
  readonly url: string
  /** `box-0` and `box-1`. */
  readonly servers: readonly [Llama, Llama]
  readonly script: Script
  readonly noted: readonly Noted[]
}

const names = ['box-0', 'box-1'] as const

/** Two real servers of one model, eight answers at a time each, and a gateway before them. */
export async function pair(t: Ends, limits: readonly number[], config: Partial<ConfigInput>): Promise<Pair> {
  const start = (): Promise<Llama> => llama(t, slowly, '-np', '8', '-c', '16384', '--host', ownAddress())
  const [one, other] = await Promise.all([start(), start()])
  const script = await scriptOf(one.origin, limits)
  const noted: Noted[] = []
  const upstreams = [one, other].map(({ origin: url }, at) => ({ name: names[at]!, kind: 'llamacpp' as const, url }))
  const { url } = await open(t, { ...config, upstreams }, (event) => noted.push({ at: performance.now(), event }))
  return { url, servers: [one, other], script, noted }
}

/** When a server said for the first time that it is well, from when somebody began to ask. */
export async function well({ origin }: Llama): Promise<number> {
  const isWell = async (): Promise<boolean> => (await fetch(`${origin}/health`).catch(() => undefined))?.ok === true
  await until(isWell, 20_000, `${origin} is well`)
  return performance.now()
}

/** That server is in the middle of several streams, and has just begun another. */
export function speaks(noted: readonly Noted[], upstream: string): boolean {
  const { at, event: last } = noted.at(-1)!
  if (last.type !== 'first-token' || last.upstream !== upstream || performance.now() - at > 5) return false
  const heard = new Set<string>()
  for (const { event } of noted) {
    if (event.type === 'first-token' && event.upstream === upstream && event.ask.stream) heard.add(event.ask.id)
    else if (event.type === 'ask-settled') heard.delete(event.ask.id)
  }
  return heard.size >= 3
}

/** The first token that came from a server after a moment; undefined when none has. */
export const spokeAt = (noted: readonly Noted[], upstream: string, after: number): number | undefined =>
  noted.find(({ at, event }) => at > after && event.type === 'first-token' && event.upstream === upstream)?.at

/** How long each try that a server was given lasted until its first token, or until it was given up before it. */
export function triesAt(noted: readonly Noted[], upstream: string): readonly Try[] {
  const begun = new Map<string, number>()
  const tries: Try[] = []
  for (const { at, event } of noted) {
    if (event.type === 'ask-granted') {
      if (event.upstream === upstream) begun.set(event.ask.id, at)
      else begun.delete(event.ask.id)
    } else if (event.type === 'first-token' || (event.type === 'attempt-failed' && !event.midStream)) {
      const from = event.upstream === upstream ? begun.get(event.ask.id) : undefined
      if (from === undefined) continue
      tries.push({ from, tookMs: at - from, spoke: event.type === 'first-token', streamed: event.ask.stream })
      begun.delete(event.ask.id)
    }
  }
  return tries
}

export interface Try {
  readonly from: number
  readonly tookMs: number
  readonly spoke: boolean
  readonly streamed: boolean
}
