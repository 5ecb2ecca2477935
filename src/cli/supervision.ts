import type { Address } from '../config/address.ts'
import type { SocketName } from './sockets.ts'

/** What a supervised process and the one that looks after it say to each other. */
export type Word =
  /** Its event loop turns. */
  | { readonly type: 'alive' }
  /** It wants to listen there. */
  | ({ readonly type: 'socket-wanted'; readonly name: SocketName } & Address)
  /** It serves. */
  | { readonly type: 'ready' }

/** The answer to a wish for a socket comes with it. */
export type Order =
  | { readonly type: 'socket'; readonly name: SocketName }
  | { readonly type: 'no-socket'; readonly name: SocketName; readonly code: string }
  /** Another one serves now. */
  | { readonly type: 'hand-over' }

export const aliveEveryMs = 500

/** Set in the environment of a process that is looked after. */
export const mark = 'SPILLWAY_SUPERVISED'
