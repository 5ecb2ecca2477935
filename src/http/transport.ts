import type { Inbound, Outbound } from '../core/world.ts'

/** What carries `World.send`. */
export interface Transport {
  send(out: Outbound): Promise<Inbound>
  close(): Promise<void>
}
