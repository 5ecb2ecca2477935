import type { Fixture } from '../conformance/fixtures.ts'

/** Where the frames of a recorded stream end. */
export function endsOf({ path, body }: Fixture): readonly number[] {
  const mark = path.startsWith('/api/') ? '\n' : '\n\n'
  const ends: number[] = []
  for (let at = body.indexOf(mark); at !== -1; at = body.indexOf(mark, at + mark.length)) ends.push(at + mark.length)
  return ends.at(-1) === body.length ? ends : [...ends, body.length]
}

/** A frame without what differs from one to the next of its kind. */
const shapeOf = (frame: string): string =>
  frame
    .replace(/:\s*"(?:[^"\\]|\\.)*"/g, ':""')
    .replace(/-?\d+(?:\.\d+)?/g, '0')
    .concat(/[^\x00-\x7f]/.test(frame) ? ' beyond ASCII' : '')

interface Frame {
  readonly bytes: Buffer
  readonly shape: string
}

function framesOf(exchange: Fixture): Frame[] {
  const ends = endsOf(exchange)
  return ends.map((end, at) => {
    const bytes = exchange.body.subarray(ends[at - 1] ?? 0, end)
    return { bytes, shape: shapeOf(bytes.toString()) }
  })
}

/** Of many frames of one kind in a row, the first two and the last, and those beyond ASCII. */
export function shortened(exchange: Fixture): Fixture {
  const frames = framesOf(exchange)
  const kept = frames.filter(({ shape }, at) => {
    const isRepeated = [frames[at - 2], frames[at - 1], frames[at + 1]].every((other) => other?.shape === shape)
    return !isRepeated || shape.endsWith('beyond ASCII') || /arguments|partial_json/.test(shape)
  })
  const body = Buffer.concat(kept.map(({ bytes }) => bytes))
  return { ...exchange, body, chunks: [body] }
}

/**
 * Every byte of every kind of frame, behind every kind of frame that it may follow; in the midst of a long one, and where
 * frames of that kind were cut before, in this stream or in another one, only some.
 */
export class FrameCuts {
  readonly #known = new Set<string>()

  offsetsIn(exchange: Fixture): number[] {
    const offsets = new Set<number>()
    let from = 0
    let before = exchange.path
    for (const { bytes, shape } of framesOf(exchange)) {
      const { length } = bytes
      const kind = `${exchange.server} ${exchange.path} ${before} ${shape}`
      const isKnown = this.#known.has(kind)
      for (let at = 0; at <= length; at += 1) {
        const edge = Math.min(at, length - at)
        const isWanted = isKnown ? edge <= 2 || at === length >> 1 : edge <= edgeBytes || at % stride === 0
        if (isWanted || bytes[at]! > 0x7f) offsets.add(from + at)
      }
      this.#known.add(kind)
      before = shape
      from += length
    }
    return [...offsets]
  }
}

const edgeBytes = 20
const stride = 15
