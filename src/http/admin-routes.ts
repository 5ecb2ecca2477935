import type { ServerResponse } from 'node:http'
import type { By } from '../core/change.ts'
import { orRefused } from './admin-answer.ts'

/** What was asked for, on a path that is there. */
export interface Asked {
  readonly path: string
  /** What stands in the path where its template has a word in capitals. */
  readonly parts: readonly string[]
  readonly query: URLSearchParams
  readonly body: Buffer
  /** Who asks, as it is told of in the audit. */
  readonly by: By
}

export type AdminMethod = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export interface Route {
  readonly method: AdminMethod
  readonly answer: (response: ServerResponse, asked: Asked) => void | Promise<void>
  /** The largest body it takes, where it takes one worth reading. */
  readonly bodyMaxBytes?: number
  /** Holds nothing worth guarding: the page itself, which then asks for the token. */
  readonly open?: true
  /** Goes on until whoever asks has heard enough: a HEAD of it means nothing. */
  readonly endless?: true
}

/** A path and what can be done there. A word in capitals stands for any one part: `/api/keys/ID`. */
export type Place = readonly [path: string, ...routes: Route[]]

export const bodied: ReadonlySet<string> = new Set(['POST', 'PATCH'])

/** Does something that is asked for and answers with an object, or with the words of the Fault that it throws. */
export const does = (method: AdminMethod, act: (asked: Asked) => Promise<object>, status = 200): Route => ({
  method,
  answer: (response, asked) => orRefused(response, () => act(asked), status),
})

interface Found {
  readonly routes: readonly Route[]
  readonly parts: readonly string[]
}

/** All paths of the operator's port. */
export class AdminRoutes {
  readonly #exact = new Map<string, readonly Route[]>()
  readonly #open: (readonly [pattern: RegExp, routes: readonly Route[]])[] = []
  readonly paths: readonly string[]

  constructor(places: readonly Place[]) {
    this.paths = places.map(([path]) => path)
    for (const [path, ...routes] of places) {
      if (/\/[A-Z]+/.test(path)) this.#open.push([patternOf(path), routes])
      else this.#exact.set(path, routes)
    }
  }

  at(path: string): Found | undefined {
    const routes = this.#exact.get(path)
    if (routes !== undefined) return { routes, parts: [] }
    for (const [pattern, open] of this.#open) {
      const match = pattern.exec(path)
      if (match !== null) return { routes: open, parts: match.slice(1) }
    }
    return undefined
  }
}

/** A NAME may have slashes, as names of models do; anything else is one part of the path. */
function patternOf(path: string): RegExp {
  const parts = path.split('/').map((part) => {
    if (part.includes('|')) return `(?:${part})`
    return /^[A-Z]+$/.test(part) ? (part === 'NAME' ? '(.+)' : '([^/]+)') : part
  })
  return new RegExp(`^${parts.join('/')}$`)
}
