import { earFor } from '../../src/sim/ears.ts'
import type { Errand } from '../../src/sim/workload.ts'

/** What became of one request, as its caller saw it. Times are from when it was made. */
export interface Trip {
  readonly atMs: number
  readonly promptTokens: number
  readonly outputTokens: number
  readonly model: string
  readonly ending: Ending
  /** Who answered; undefined when nobody did. */
  readonly server: string | undefined
  readonly firstTokenMs: number | undefined
  readonly totalMs: number
}

/** Heard to the end; turned away before a byte; broken or given up on the way. */
export type Ending = 'whole' | 'refused' | 'broken'

export interface Heard {
  readonly ending: Ending
  readonly server: string | undefined
  readonly firstTokenAt: number | undefined
}

export const refused: Heard = { ending: 'refused', server: undefined, firstTokenAt: undefined }

/** Turned away, as somebody who has no room does; any other status is a failure. */
export const saysToComeBack = (status: number): boolean => status === 429 || status === 503

/** Brings a request to where an arm sends it, and listens to the answer. */
export type Visit = (errand: Errand) => Promise<Heard>

/** The last bytes of a stream that is whole. */
const done = Buffer.from('data: [DONE]')

/**
 * Listens to a stream to its end. Only as long as no token has come is it read as a client reads it; after that it is
 * enough to know that it ends as it should.
 */
export async function listen(body: AsyncIterable<Uint8Array>, onFirstToken: () => void): Promise<'whole' | 'broken'> {
  const ear = earFor('openai-chat', true)
  let spoke = false
  let last: Uint8Array = done.subarray(0, 0)
  const hear = (bytes: Uint8Array): void => {
    try {
      ear.hear(bytes)
    } finally {
      // One read may bring the first word and the news that there is no second.
      if (ear.heard.text !== '') {
        spoke = true
        onFirstToken()
      }
    }
  }
  try {
    for await (const bytes of body) {
      last = bytes
      if (!spoke) hear(bytes)
    }
  } catch {
    return 'broken'
  }
  return Buffer.from(last.buffer, last.byteOffset, last.byteLength).includes(done) ? 'whole' : 'broken'
}
