import type { WaitAbout } from '../core/dialect.ts'

/** A comment in a stream of events: clients skip it, people who look at the wire can read it. */
export const comment = (about: WaitAbout): string => `: ${wordsOf(about)}\n\n`

function wordsOf({ position }: WaitAbout): string {
  if (position === undefined) return 'waiting for the first token'
  const { ahead, firstTokenMs } = position
  const about = firstTokenMs === undefined ? '' : `, about ${Math.ceil(firstTokenMs / 1_000)} s`
  return `queued ${ahead + 1}${about}`
}

/** An object of a stream with nothing in it but what all of them have: to its clients lines of any other kind are errors. */
export const emptyLine = ({ model, epochMs }: WaitAbout, content: object): string =>
  `${JSON.stringify({ model, created_at: new Date(epochMs).toISOString(), ...content, done: false })}\n`
