import type { Inbound } from '../core/world.ts'
import type { Question } from './answer.ts'
import type { Engine } from './engine.ts'
import type { LoadSetting } from './engine-spec.ts'
import type { JobEnding } from './job.ts'
import type { Clock } from './labor.ts'
import type { Ledger } from './ledger.ts'
import type { Wording } from './responses.ts'
import type { ModelSpec, ServerSpec } from './server-spec.ts'
import type { Scribe } from './telling.ts'
import type { Json } from './wires/request.ts'

/** What a route may know of its server, and have it do. */
export interface Host {
  readonly spec: ServerSpec
  readonly engine: Engine
  readonly clock: Clock
  readonly ledger: Ledger
  /** What was said under an id, where a server keeps that. */
  readonly kept: Map<string, string>
  /** A number that no other answer of this server has. */
  readonly nextId: () => string
  readonly modelCalled: (name: string) => ModelSpec | undefined
  /** Starts on an answer. */
  readonly tell: (question: Question, scribe: Scribe) => Promise<Inbound>
  readonly refuse: (wording: Wording) => Inbound
  /** Brings a model into memory for nobody's sake, and tells how that went. Who asked may hang up over it. */
  readonly bring: (model: string, about?: Bringing) => Promise<JobEnding>
}

export interface Bringing {
  readonly setting?: LoadSetting | undefined
  readonly keepMs?: number | undefined
  /** The load goes on when the caller leaves. */
  readonly detached?: boolean
}

export interface Request {
  readonly body: Json
  readonly query: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** What follows the beginning of a path that stands for many. */
  readonly rest: string
}

export type Route = (host: Host, request: Request) => Inbound | Promise<Inbound>

/** How a kind of server is spoken to. */
export interface Manner {
  /** `GET /path` → what it does; `GET /path/*` for all that begin so. */
  readonly routes: Readonly<Record<string, Route>>
  /** An error that is not about one request: no such route, no key, no JSON. */
  error(status: number, message: string): Inbound
  /** A known path asked with another method. */
  readonly wrongMethod: number
  /** Paths that need no key. */
  readonly open?: ReadonlySet<string>
  /** What carries the key beside the usual `Authorization: Bearer`. */
  readonly keyHeader?: string
  /** Every path answers so while the model is being loaded for the first time. */
  whileLoading?(): Inbound
  /** Headers of its own, by the status of the answer. */
  readonly headers?: (status: number) => Readonly<Record<string, string>>
  /** The model that is meant by a name. */
  modelCalled(models: readonly ModelSpec[], name: string): ModelSpec | undefined
}

export const exactly = (models: readonly ModelSpec[], name: string): ModelSpec | undefined =>
  models.find((model) => model.name === name)

/** What a model is loaded with, or would be. */
export const contextOf = ({ engine }: Host, { name, contextTokens }: ModelSpec): number =>
  engine.residents.find((resident) => resident.name === name)?.setting?.contextTokens ?? contextTokens

export const headerOf = ({ headers }: Pick<Request, 'headers'>, wanted: string): string | undefined =>
  headers.find(([name]) => name.toLowerCase() === wanted)?.[1]

export const queryOf = ({ query }: Request, name: string): string | undefined =>
  new URLSearchParams(query).get(name) ?? undefined
