import type { IncomingHttpHeaders } from 'node:http'
import type { Dialect } from '../core/dialect.ts'
import type { FleetDoor } from './doors/door.ts'
import { fleetDoors } from './doors/fleet-doors.ts'
import { decoded } from './target.ts'

/** What is behind a path. */
export interface Route {
  /** Takes an ask, by POST. */
  readonly ask: Dialect | undefined
  /** Answer questions about the fleet. */
  readonly doors: readonly FleetDoor[]
  /** The methods it takes, as `Allow` says it. */
  readonly allow: string
  /** What follows a path that ends in a slash, decoded. */
  readonly rest: string
}

/** Whose form an error has. */
export type Shape = Pick<Dialect, 'id' | 'writeFault' | 'statusOf' | 'idHeader' | 'limitHeaders'>

/** All doors of the client port by their exact path, and for what has none the form its refusal takes. */
export class Routes {
  readonly #exact = new Map<string, Route>()
  /** Those whose path goes on: each ends in a slash. */
  readonly #open: readonly (readonly [start: string, route: Route])[]
  readonly #own: readonly Start[]
  readonly #neighbours: readonly Start[]
  readonly #first: Shape
  readonly #byHeader: readonly Dialect[]

  constructor(dialects: readonly Dialect[]) {
    for (const dialect of dialects) {
      for (const path of dialect.routes) this.#exact.set(path, { ask: dialect, doors: [], allow: 'POST', rest: '' })
    }
    for (const door of fleetDoors) {
      const doors = [...(this.#exact.get(door.path)?.doors ?? []), door]
      const allow = doors.map(({ method }) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ')
      this.#exact.set(door.path, { ask: undefined, doors, allow, rest: '' })
    }
    this.#open = [...this.#exact].filter(([path]) => path.length > 1 && path.endsWith('/'))
    this.#first = dialects[0]!
    this.#own = dialects.flatMap((dialect) => dialect.routes.map((route) => [route, dialect] as const))
    this.#neighbours = this.#own.map(([route, dialect]) => [`/${route.split('/')[1]}`, dialect] as const)
    this.#byHeader = dialects.filter(({ passHeaders = [] }) => passHeaders.length > 0)
  }

  at(path: string): Route | undefined {
    const exact = this.#exact.get(path)
    if (exact !== undefined) return exact
    for (const [start, route] of this.#open) {
      if (path.startsWith(start)) return { ...route, rest: decoded(path.slice(start.length)) }
    }
    return undefined
  }

  /**
   * The dialect whose path it is; else the one whose clients send such headers, or that has neighbours under `/v1` or
   * `/api`. Takes any target, read or not.
   */
  shapeFor(target: string, headers: IncomingHttpHeaders = {}): Shape {
    const named = ({ passHeaders = [] }: Dialect): boolean => passHeaders.some((name) => headers[name] !== undefined)
    return startOf(target, this.#own) ?? this.#byHeader.find(named) ?? startOf(target, this.#neighbours) ?? this.#first
  }
}

type Start = readonly [start: string, shape: Shape]

function startOf(target: string, starts: readonly Start[]): Shape | undefined {
  for (const [start, shape] of starts) {
    const next = target.startsWith(start) ? target[start.length] : ''
    if (next === undefined || next === '/' || next === '?') return shape
  }
  return undefined
}
