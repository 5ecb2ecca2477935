import type { Config } from '../../config/schema.ts'
import type { UpstreamSettings } from '../../core/settings.ts'
import type { VolumeState } from '../../telemetry/disk.ts'

/** All that the doctor looks at, gathered once. No key and no token is in it. */
export interface Facts {
  readonly runtime: RuntimeFacts
  readonly config: ConfigFacts
  readonly env: Readonly<Record<string, string | undefined>>
  readonly ports: readonly PortFacts[]
  readonly servers: readonly ServerFacts[]
  readonly machine: MachineFacts
  readonly volumes: readonly VolumeState[]
  /** What a gateway that runs with these ports says of itself; undefined where none answers. */
  readonly running: RunningFacts | undefined
}

export interface RuntimeFacts {
  readonly node: string
  readonly sqlite: string | undefined
}

export interface ConfigFacts {
  /** Undefined where there is none, and servers of this machine were looked for. */
  readonly file: string | undefined
  /** What is wrong with it, with its place. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
  readonly isOpen: boolean
  readonly config: Config | undefined
  /** Keys that stand there as they are. */
  readonly literalSecrets: readonly string[]
  /** The file itself, and those that it takes values from. */
  readonly files: readonly FileFacts[]
}

export interface FileFacts {
  readonly path: string
  readonly holdsSecrets: boolean
  /** The last nine bits of its mode; undefined where there are none. */
  readonly mode: number | undefined
}

export interface PortFacts {
  readonly key: string
  readonly address: string
  /** `free`, `ours`, `taken` by somebody else, or the code of what went wrong. */
  readonly state: string
}

export interface ListedFacts {
  readonly id: string
  readonly contextTokens: number | undefined
  readonly loaded: boolean | undefined
}

export interface ServerFacts {
  readonly settings: UpstreamSettings
  readonly up: boolean
  readonly lastError: string | undefined
  readonly version: string | undefined
  readonly advice: readonly string[]
  readonly models: readonly ListedFacts[]
  /** By any spelling. */
  readonly find: (name: string) => ListedFacts | undefined
  /** What its name stands for; a sentence where it stands for nothing. */
  readonly addresses: readonly string[] | string
  /** Where others can reach it past the gateway, if it is on this machine; undefined for nowhere. */
  readonly openAt: string | undefined
  /** How far its clock is ahead of ours; undefined where it does not tell. */
  readonly aheadMs: number | undefined
  /** Undefined for one that is spoken to in the open. */
  readonly certificate: CertificateFacts | undefined
}

export interface CertificateFacts {
  readonly daysLeft: number | undefined
  readonly fault: string | undefined
}

export interface MachineFacts {
  /** Undefined where the system does not tell, or sets none. */
  readonly filesMax: number | undefined
  /** Of callers, that these files are safe for. */
  readonly connectionsMax: number
  /** Of its container, or all of it. */
  readonly memoryMaxBytes: number
  readonly heapMaxBytes: number
  readonly somaxconn: number | undefined
  readonly unsentMaxBytes: number | undefined
  readonly supervisor: string | undefined
}

export interface RunningFacts {
  readonly address: string
  /** Undefined where it asks for a token that the configuration does not have. */
  readonly upstreams: readonly RunningUpstream[] | undefined
  readonly models: readonly RunningModel[]
  /** What it gives up because it runs short of something. */
  readonly givesUp: readonly string[]
  /** What is wrong with the configuration as it is now, so that it goes by an older one. */
  readonly refused: readonly string[]
  /** Keys that it takes up only when it starts anew. */
  readonly needsRestart: readonly string[]
}

export interface RunningUpstream {
  readonly name: string
  readonly state: string
  readonly last_error: string | null
}

export interface RunningModel {
  readonly name: string
  readonly state: string
  readonly servers: readonly { readonly upstream: string; readonly load_fault: string | null }[]
}

/** Whether anybody but this machine can reach the gateway. */
export const isShared = ({ config: { isOpen } }: Facts): boolean => isOpen
