import type { Upstream } from '../fleet/upstream.ts'

export type Headers = readonly (readonly [name: string, value: string])[]

export const noHeaders: Headers = []

const known = new WeakMap<Upstream, Headers>()

/** What a request to this server carries. Of two headers with one name, the caller's own is sent. */
export function headersFor(upstream: Upstream, passed: Headers): Headers {
  const before = passed.length === 0 ? known.get(upstream) : undefined
  if (before !== undefined) return before
  const { apiKey, backend } = upstream.settings
  const names = new Map(passed)
  const made = [
    ['content-type', 'application/json'] as const,
    ...(backend.headers ?? noHeaders).filter(([name]) => !names.has(name)),
    ...(apiKey === undefined ? noHeaders : backend.authorize(apiKey, names)),
    ...passed,
  ]
  if (passed.length === 0) known.set(upstream, made)
  return made
}
