import { meanOf } from '../core/length.ts'
import type { Pace } from './pace.ts'
import { silenceMs } from './pulse.ts'
import type { Stay } from './stay.ts'

/** With nothing learned, a silence is odd after so long, and a prompt is read at no less than forty tokens a second. */
const unknownSilenceMs = 60_000
const slowestTokenMs = 25
/** A silence is odd when it is so many times as long as all that is there explains. */
const oddTimes = 3
/** An answer that does not show itself may be so many times as long as those before it. */
const longAnswers = 8

/** How long nothing may come from a place while all that is there is being worked at. */
export function silenceMaxFor(stays: ReadonlySet<Stay>, pace: Pace): number {
  const stepMs = pace.stepMs(stays.size)
  let longest = 0
  let expectedMs = stepMs
  for (const { newTokens, spokeAt, holder, length } of stays) {
    if (spokeAt === undefined) {
      longest = Math.max(longest, newTokens)
      expectedMs += pace.readingMs(newTokens)
    }
    if (holder?.shows === false) expectedMs += longAnswers * meanOf(length) * stepMs
  }
  if (pace.isLearned) return Math.max(silenceMs, oddTimes * expectedMs)
  return Math.max(unknownSilenceMs, longest * slowestTokenMs, expectedMs)
}
