import type { Recording } from '../recording/read.ts'
import type { RecordedUpstream } from '../recording/rows.ts'
import { type FittedUpstream, fitterOf } from './fit.ts'
import { type Play, play } from './play.ts'
import type { Origin } from './traffic.ts'

/** Who plays plans and looks at servers, one after the other. What comes out does not depend on whose hand it was. */
export interface Hand {
  readonly play: Play
  readonly fit: (upstream: RecordedUpstream) => Promise<FittedUpstream>
  /** Whatever is under way is left as it is. */
  end(): void
}

/** Does it in the thread in which it is asked. */
export const handHere = (origin: Origin): Hand => ({ play, fit: fitterOf(recordedIn(origin)), end() {} })

/** What was drawn tells of no servers. */
const recordedIn = (origin: Origin): Recording => (origin.type === 'recorded' ? origin.recording : nothingRecorded)

const nothingRecorded: Recording = { settings: [], requests: [], failures: [], upstreams: [], skippedLines: 0 }
