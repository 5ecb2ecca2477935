import type { Bagged } from '../core/bag.ts'

/** Shorter silences are nothing: a slow step, a long prompt among others, a call that is sent when it is whole. */
export const silenceMs = 15_000

/** Why an answer broke off whose server had stopped. The same server may be asked again: it is brought back for that. */
export class Stall extends Error {
  constructor() {
    super('Nothing came of any answer under way there.')
    this.name = 'Stall'
  }
}

/** An answer under way that can be told that it will not come. */
export interface Stallable {
  /** It shows itself as it comes, so that its silence means something. */
  readonly shows: boolean
  /** It stands still because its caller does not read, which says nothing of its server. */
  readonly isHeldUp: boolean
  /** Nothing more comes from where it was asked. Told once, together with all others there. */
  stalled(): void
}

/**
 * When anything of any answer last came from one model on one server. A beat is two numbers, for there is one for each frame;
 * how long a silence may be is reckoned only when there has been one.
 */
export class Pulse implements Bagged {
  lastAt = -Infinity
  deadline = Infinity
  slot = -1
  /** Told when nothing has come for a while. */
  onSilence: () => void = () => {}

  beat(now: number): void {
    this.lastAt = now
    this.deadline = now + silenceMs
  }
}
