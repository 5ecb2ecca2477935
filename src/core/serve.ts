import type { Ask } from './ask.ts'
import type { Reply } from './reply.ts'

/** The one verb of the gateway. The HTTP door, the SDK and the simulator all call it; every feature wraps it. */
export type Serve = (ask: Ask) => Promise<Reply>

export type Layer = (next: Serve) => Serve

/** The first layer sees the ask first and the reply last. */
export function compose(layers: readonly Layer[], innermost: Serve): Serve {
  return layers.reduceRight((next, layer) => layer(next), innermost)
}
