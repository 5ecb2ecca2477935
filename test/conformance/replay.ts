import { Fault } from '../../src/core/fault.ts'
import type { Dialect, WatchOptions } from '../../src/core/dialect.ts'
import type { Part } from '../../src/core/part.ts'
import { Framer } from '../../src/dialects/frames.ts'
import { Meter } from '../../src/dispatch/meter.ts'
import type { Fixture } from './fixtures.ts'

export interface Heard {
  readonly parts: readonly Part[]
  /** Frames that carried content. */
  readonly frames: number
  readonly fault: Fault | undefined
}

/** Reads a recorded answer as translation does. */
export function hear(
  dialect: Dialect,
  { status, isStream, body }: Fixture,
  chunks: readonly Uint8Array[] = [body],
): Heard {
  if (status !== 200)
    return {
      parts: [],
      frames: 0,
      fault: dialect.readFault({ status, body: body.toString(), retryAfterMs: undefined }),
    }
  const read = dialect.partReader()
  const parts: Part[] = []
  let frames = 0
  try {
    for (const frame of isStream ? framesOf(dialect, chunks) : [body.toString()]) {
      const found = read(frame)
      parts.push(...found)
      if (found.some(({ type }) => type !== 'finish' && type !== 'usage' && type !== 'end')) frames += 1
    }
  } catch (error) {
    return { parts, frames, fault: Fault.from(error) }
  }
  return { parts, frames, fault: undefined }
}

export function framesOf(dialect: Dialect, chunks: readonly Uint8Array[]): string[] {
  const framer = new Framer(dialect.frameEnd)
  return [...chunks.flatMap((chunk) => framer.push(chunk)), ...framer.rest()]
}

/** Passes a stream through as it is when nothing needs translating. */
export function passOn(
  dialect: Dialect,
  chunks: readonly Uint8Array[],
  options: Partial<WatchOptions> = {},
): { meter: Meter; out: Buffer } {
  const meter = new Meter(dialect, { hideUsage: false, rename: undefined, ...options })
  const out = [...chunks.map((chunk) => meter.pass(chunk)), meter.rest()]
  return { meter, out: Buffer.concat(out.filter((bytes) => bytes !== undefined)) }
}

/** Parts in a form that does not depend on how a text was cut. */
export function merged(parts: readonly Part[]): Part[] {
  const out: Part[] = []
  for (const part of parts) {
    const last = out.at(-1)
    if (part.type === 'tool-delta' && last?.type === 'tool-delta' && last.index === part.index) {
      out[out.length - 1] = { ...last, arguments: last.arguments + part.arguments }
    } else if ((part.type === 'text-delta' || part.type === 'thinking-delta') && last?.type === part.type) {
      out[out.length - 1] = { ...last, text: last.text + part.text }
    } else out.push(part)
  }
  return out
}
