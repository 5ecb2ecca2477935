import type { Limits } from './allowance.ts'
import type { Caller, Cloud } from './ask.ts'
import type { Backend } from './backend.ts'
import type { Bounds } from './bounds.ts'
import type { Budget, Team } from './budget.ts'
import type { Price } from './money.ts'
import type { Shares } from './shares.ts'

/** The configuration, checked and resolved: what the rest of the house works from. Replaced as a whole on reload. */
export interface Settings {
  readonly upstreams: readonly UpstreamSettings[]
  readonly queue: {
    readonly max: number
    readonly patienceMs: number
    /** How long until the whole answer; undefined where it does not matter. */
    readonly deadlineMs?: number | undefined
    /** The usual ones where it is undefined. */
    readonly shares?: Shares | undefined
  }
  /** By a model, those that may stand in for it when memory is short, the best first. */
  readonly standIns?: ReadonlyMap<string, readonly string[]> | undefined
  /** Empty: anyone who reaches the port may ask. */
  readonly callers: readonly CallerSettings[]
  /** Where callers have no names: for each address from which they ask. */
  readonly anonymousLimits?: Limits | undefined
  /** Those who ask without a key although there are keys; undefined where nobody may. */
  readonly anonymous?: Caller | undefined
  readonly teams?: ReadonlyMap<string, TeamSettings> | undefined
  readonly money?: MoneySettings | undefined
  readonly records?: RecordSettings | undefined
  /** Undefined: requests are not taken down to be played again. */
  readonly recording?: RecordingSettings | undefined
  /** Proxies whose word counts on whom they ask for. */
  readonly trustedProxies?: readonly Network[] | undefined
  /** What holds for a model whoever asks for it, by name or by a pattern of names. */
  readonly models?: ReadonlyMap<string, ModelSettings> | undefined
  readonly timeouts: Timeouts
  /** The usual ones where it is undefined. */
  readonly bounds?: Bounds | undefined
  /** Upstreams that may be tried for one ask, the first included. */
  readonly attemptsMax: number
  /** Of all asks under way, how many may be tried again at once; the usual share where it is undefined. */
  readonly retryShare?: number | undefined
  readonly probeEveryMs: number
  /** A second server is asked when the first is late; undefined for never. */
  readonly hedge?: HedgeSettings | undefined
}

export interface MoneySettings {
  /** Of the whole gateway. */
  readonly budgets: readonly Budget[]
  /** In which days begin and end: `Europe/Berlin`. */
  readonly timeZone: string
  /** Dollars by the model's name at the server, over those of the built-in list. */
  readonly prices: ReadonlyMap<string, Price>
  /** False: nothing leaves for a server that costs money. */
  readonly cloudOpen: boolean
  /** The most that one request may cost; undefined for no bound. */
  readonly requestMostNano: number | undefined
  /** The longest answer for money, where a caller does not say; the usual one where it is undefined and money is bounded. */
  readonly outputTokensMost: number | undefined
  readonly alerts: AlertSettings
}

export interface AlertSettings {
  readonly webhook: { readonly url: string; readonly secret: string } | undefined
  /** Of all requests, from which share on those that go to the cloud say that the machines at home are too few. */
  readonly spillShare: number
}

/** What is kept of the past. */
export interface RecordSettings {
  /** For how long each request has a row of its own. */
  readonly keepMs: number
  readonly auditKeepMs: number
  /** Every row is on the disk before its caller hears the end, and not only those that cost money. */
  readonly syncAll: boolean
}

/** What is kept of the past to be played again. */
export interface RecordingSettings {
  /** A file that is larger is followed by another. */
  readonly fileBytes: number
  /** Of all files together. */
  readonly keepBytes: number
  readonly keepMs: number
}

export interface TeamSettings extends Team {
  /** Holds for all of its callers, beside their own. */
  readonly cloud: Cloud
}

export interface HedgeSettings {
  /** Of all asks, at most this share: 0.02 is two in a hundred. */
  readonly share: number
  /** Whether a server that costs money may be the second. */
  readonly cloud: boolean
}

export const usualHedge: HedgeSettings = { share: 0.02, cloud: false }

export const usualRetryShare = 0.2

/** All addresses that begin with the same bits. */
export interface Network {
  readonly address: string
  readonly bits: number
}

export interface Timeouts {
  readonly connectMs: number
  /** Until a model is in memory, beside what its first token may take; as long as that where it is undefined. */
  readonly loadMs?: number | undefined
  /** From sending to the first token, at most. */
  readonly firstTokenMs: number
  /** Between two frames of a stream. */
  readonly gapMs: number
  /** From sending to the end of the answer; undefined for no bound. */
  readonly totalMs?: number | undefined
  /** How long a stream is silent before its first token until its caller hears that it is alive, and from then on; undefined for never. */
  readonly heartbeatMs?: number | undefined
  /** How long the running answers may take to end when the gateway is to stop. */
  readonly drainMs?: number | undefined
  /** How long asks are still taken after readiness is off, before that. */
  readonly drainDelayMs?: number | undefined
}

export interface UpstreamSettings {
  readonly name: string
  readonly backend: Backend
  /** Scheme, host and port. */
  readonly origin: string
  /** What stands before every path: '' or '/openai', never ending in a slash. */
  readonly basePath: string
  readonly apiKey: string | undefined
  readonly tier: number
  /** Requests in flight at once, per model. */
  readonly concurrency: number | 'auto'
  /** The caller's model → this upstream's model. Undefined: all that the server lists. */
  readonly serve: ReadonlyMap<string, string> | undefined
  /** Context length by the upstream's model, where it is set by hand. */
  readonly context: ReadonlyMap<string, number>
  /** Models that are to be in memory, and to stay there. */
  readonly preload?: readonly string[] | undefined
  /** Models that fit into memory at once, where that is set by hand. */
  readonly modelsMax?: number | undefined
  /** What may be spent there. */
  readonly budgets?: readonly Budget[] | undefined
}

export interface ModelSettings {
  /** Undefined where nothing is said of it. */
  readonly cloud?: Cloud | undefined
  /** Whether a stream that breaks may be carried on by another server; undefined where nothing is said of it. */
  readonly resume?: boolean | undefined
}

export interface CallerSettings {
  readonly caller: Caller
  readonly key: string
  readonly patienceMs: number | undefined
  readonly deadlineMs?: number | undefined
  /** From then on its key is not known any more; in milliseconds since 1970. */
  readonly expiresAt?: number | undefined
  /** Where it may ask from; undefined for anywhere. */
  readonly addresses?: readonly Network[] | undefined
}
