import type { Serve } from '../core/serve.ts'
import { Opening } from './opening.ts'
import type { DispatchParts } from './parts.ts'
import { Relay } from './relay.ts'

/** The innermost Serve. Only this folder knows that an ask may take more than one try. */
export function dispatch(parts: DispatchParts): Serve {
  const opening = new Opening(parts)
  return async (ask) => new Relay(ask, await opening.open(ask), parts)
}
