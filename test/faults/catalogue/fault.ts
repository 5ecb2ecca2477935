import type { Exchange, Phase } from '../server/exchange.ts'
import type { CallerKind } from '../ears.ts'
import type { ServerKind } from '../server/wires.ts'

/**
 * What a fault is to those who are served, from which follows what they have to see:
 * `sound` is odd and lawful, and the answer is right at the first try; `cured` is right after another try at the same
 * place; `broken` gives no right answer; `busy` neither, but is no fault of the server's; `denied` is one that has to be
 * put right by the operator; `missing` is a model that is not there any more; `refused` is a request that no server would
 * take; `open` may be right or may fail, and must only never lie.
 */
export type Nature = 'sound' | 'cured' | 'broken' | 'busy' | 'denied' | 'missing' | 'refused' | 'open'

/** Who speaks to whom, and how. */
export interface Pairing {
  readonly caller: CallerKind
  readonly server: ServerKind
  /** What the caller asks for. */
  readonly stream: boolean
  /** What the server is asked for: most is, whatever the caller wants. */
  readonly serverStreams: boolean
  /** The server's bytes are handed on. */
  readonly passes: boolean
}

/** What a server can be made to do before it has heard anything. */
export type Mood = 'refuses' | 'closes' | 'resets' | 'deaf'

export interface Fault {
  readonly name: string
  /** The moments at which it can strike. */
  readonly phases: readonly Phase[]
  readonly nature: Nature | ((phase: Phase, pairing: Pairing) => Nature)
  /** Where it can be; everywhere unless it says so. */
  readonly where?: (pairing: Pairing, phase: Phase) => boolean
  /** It ends only when a deadline does. */
  readonly slow?: boolean
  /** Its caller hangs up in the end. */
  readonly leaves?: boolean
  /** Where bytes are handed on, nonsense may be: the caller's own client says so then. */
  readonly mayPass?: boolean
  /** The status of a refusal that is handed on. */
  readonly status?: number
  readonly mood?: Mood
  /** What it does to an answer that has come as far as its phase; nothing where all is in the mood. */
  strike(exchange: Exchange, phase: Phase): Promise<void> | void
}

export const isSse = ({ server }: Pairing): boolean => server !== 'ollama'

export const isNdjson = ({ server }: Pairing): boolean => server === 'ollama'

export const streams = ({ serverStreams }: Pairing): boolean => serverStreams

/** Of an answer in one piece there are fewer moments. */
const inWhole: ReadonlySet<Phase> = new Set(['head', 'in-head', 'opening', 'mid', 'end', 'last'])

export const everywhere = ({ serverStreams }: Pairing, phase: Phase): boolean => serverStreams || inWhole.has(phase)
