import { Fault } from '../core/fault.ts'
import { NetFault } from '../core/world.ts'
import type { Ending } from '../fleet/limit.ts'

/**
 * What an ending says to the limit and the breakers: busy is crowding, a connection that breaks is the server, an answer
 * that goes wrong is its model, and a caller blames nobody.
 */
export function endingFor(fault: Fault): Ending {
  if (fault.kind === 'upstream-busy') return 'overloaded'
  if (fault.blame !== 'upstream') return 'ignored'
  const isServer =
    fault.kind === 'upstream-denied' || (fault.kind === 'upstream-broke' && fault.cause instanceof NetFault)
  return isServer ? 'broke' : 'failed'
}

/** When a server that could not be spoken to is worth another try. */
const comeBackMs = 1_000

export const brokenBy = (cause: NetFault, server: string): Fault =>
  new Fault('upstream-broke', `The server ${server} ${said[cause.kind]}.`, { cause, retryAfterMs: comeBackMs })

const said: Readonly<Record<NetFault['kind'], string>> = {
  refused: 'refused the connection',
  reset: 'broke the connection',
  timeout: 'could not be reached in time',
  framing: 'sent what is not HTTP',
  aborted: 'was cut off',
  unreachable: 'could not be reached',
}
