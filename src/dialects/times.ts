import type { Fault } from '../core/fault.ts'

/** Members of an error beside those that its clients know, which they pass over. */
export interface Times {
  readonly retry_after_ms?: number
  readonly eta_ms?: number
}

/** What a refusal says of time: when to come back, as its headers do, and when the first token would have come. */
export function timesOf({ comeBackMs, etaMs }: Fault): Times {
  if (comeBackMs === undefined) return {}
  const isKnown = etaMs !== undefined && Number.isFinite(etaMs)
  return { retry_after_ms: comeBackMs, ...(isKnown && { eta_ms: Math.round(etaMs) }) }
}
