import type { Inbound, Outbound } from '../core/world.ts'

/** What carries `World.send`. */
export interface Transport {
  send(out: Outbound): Promise<Inbound>
  /** How long a connection may take to stand, from now on. */
  connectMs: number
  close(): Promise<void>
}
