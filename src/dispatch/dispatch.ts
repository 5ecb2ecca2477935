import type { Serve } from '../core/serve.ts'
import { Hedging } from './hedging.ts'
import { open } from './opening.ts'
import type { DispatchParts } from './parts.ts'
import { Relay } from './relay.ts'

/** The innermost Serve. Only this folder knows that an ask may take more than one try. */
export function dispatch(parts: DispatchParts): Serve {
  const hedging = new Hedging(parts)
  return async (ask) => new Relay(ask, await open(ask, parts, hedging), parts)
}
