import type { Edits, Json } from './json.ts'

/** Asks one upstream something small: bounded in size and time, JSON both ways. */
export type Call = (request: {
  readonly method: 'GET' | 'POST' | 'HEAD'
  readonly path: string
  readonly body?: Json
}) => Promise<{ readonly status: number; readonly json: unknown }>

/** A model as an upstream lists it. */
export interface ListedModel {
  /** The server's own name for it. */
  readonly id: string
  /** Other spellings the server takes for the same model. */
  readonly aliases?: readonly string[]
  /** Context length in tokens, where known. */
  readonly contextTokens?: number
  /** In memory now; undefined where the server does not tell. */
  readonly loaded?: boolean
  /** What the server says about it in its own words: size, digest, details, capabilities. */
  readonly about?: Json
}

export interface Health {
  readonly models: readonly ListedModel[]
  readonly version?: string
}

/** A kind of server. Mostly data: a new kind is one file that fills this in. Shared code asks what it can do, never its name. */
export interface Backend {
  readonly kind: string
  /** What people call it. */
  readonly title: string
  /** Dialect → path, in order of preference. */
  readonly speaks: Readonly<Record<string, string>>
  /** Where a server of this kind usually listens on one's own machine; undefined for none. */
  readonly usualPort: number | undefined
  /** 0 for one's own machines, 1 for what costs money. */
  readonly tier: number
  /** Places per model before anything is learned, when `concurrency` is auto. */
  readonly initialConcurrency: number
  /** Headers that carry the key. */
  authorize(key: string): readonly (readonly [name: string, value: string])[]
  /** Up, and what it serves: throws when it is not. Never loads a model. */
  probe(call: Call): Promise<Health>
  /** What must change in a body before this kind of server may see it. */
  edits?(dialect: string, body: Json): Edits | undefined
  /** All that the server tells about one of its models, in its own words. */
  describe?(call: Call, model: string): Promise<Json>
}
