import { isDeepStrictEqual } from 'node:util'
import type { Need } from '../core/ask.ts'
import type { ListedModel } from '../core/backend.ts'
import type { Json } from '../core/json.ts'
import type { UpstreamSettings } from '../core/settings.ts'

/** A model as one upstream serves it: under which name, and what that upstream calls it. */
export interface ServedModel {
  /** The name callers know it by. */
  readonly name: string
  /** The upstream's own name for it. */
  readonly id: string
  readonly contextTokens: number | undefined
  /** The same where the configuration sets it: it is told to the server with every request. */
  readonly setTokens: number | undefined
  readonly loaded: boolean | undefined
  /** In memory, and would go by itself in a while; undefined where the server does not tell. */
  readonly leaves: boolean | undefined
  readonly about: Json | undefined
  /** What it is known to be able to do; undefined where nobody tells. */
  readonly can: ReadonlySet<Need> | undefined
}

/** What one upstream offers: the models, and every spelling under which each is found. */
export interface Catalogue {
  readonly models: readonly ServedModel[]
  readonly spellings: ReadonlyMap<string, ServedModel>
}

/**
 * With `serve`, exactly the names it gives, listed or not. Without it, all that the server lists, under id and aliases.
 * Every name is also found in lower case; an exact spelling wins over one that only differs in case.
 */
export function catalogueOf(settings: UpstreamSettings, listed: readonly ListedModel[]): Catalogue {
  const models: ServedModel[] = []
  const spellings = new Map<string, ServedModel>()
  const add = (model: ServedModel, names: readonly string[]): void => {
    models.push(model)
    for (const name of names) if (!spellings.has(name)) spellings.set(name, model)
  }
  if (settings.serve === undefined) {
    for (const model of listed) add(served(model.id, model.id, model, settings), [model.id])
    // A server's own name for one model wins over another's alias.
    listed.forEach((model, at) => {
      for (const alias of model.aliases ?? []) if (!spellings.has(alias)) spellings.set(alias, models[at]!)
    })
  } else {
    const byName = new Map<string, ListedModel>()
    for (const model of listed) for (const alias of model.aliases ?? []) byName.set(alias, model)
    for (const model of listed) byName.set(model.id, model)
    for (const [name, id] of settings.serve) add(served(name, id, byName.get(id), settings), [name])
  }
  for (const [name, model] of spellings) {
    const lower = name.toLowerCase()
    if (!spellings.has(lower)) spellings.set(lower, model)
  }
  return { models, spellings }
}

function served(name: string, id: string, listed: ListedModel | undefined, { context }: UpstreamSettings): ServedModel {
  const names = [id, ...(listed === undefined ? [] : [listed.id, ...(listed.aliases ?? [])])]
  const setTokens = names.map((each) => context.get(each)).find((tokens) => tokens !== undefined)
  return {
    name,
    id,
    contextTokens: setTokens ?? listed?.contextTokens,
    setTokens,
    loaded: listed?.loaded,
    leaves: listed?.leaves,
    about: listed?.about,
    can: listed?.can,
  }
}

export function sameModels(some: readonly ListedModel[], others: readonly ListedModel[]): boolean {
  return isDeepStrictEqual(some.map(atRest), others.map(atRest))
}

/** How busy they are does not make other models of them. */
const atRest = (model: ListedModel): object => ({ ...model, gauge: undefined })
