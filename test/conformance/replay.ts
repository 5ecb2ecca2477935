import { Fault } from '../../src/core/fault.ts'
import type { Dialect, TalkDialect, VectorDialect, WatchOptions } from '../../src/core/dialect.ts'
import type { Part } from '../../src/core/part.ts'
import type { Usage } from '../../src/core/usage.ts'
import type { Vectors } from '../../src/core/vectors.ts'
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
export function hear(dialect: TalkDialect, exchange: Fixture, chunks: readonly Uint8Array[] = [exchange.body]): Heard {
  if (exchange.status !== 200) return { parts: [], frames: 0, fault: refusalIn(dialect, exchange) }
  const read = dialect.partReader()
  const parts: Part[] = []
  let frames = 0
  try {
    for (const frame of exchange.isStream ? framesOf(dialect, chunks) : [exchange.body.toString()]) {
      const found = read(frame)
      parts.push(...found)
      if (found.some(({ type }) => type !== 'finish' && type !== 'usage' && type !== 'end')) frames += 1
    }
  } catch (error) {
    return { parts, frames, fault: Fault.from(error) }
  }
  return { parts, frames, fault: undefined }
}

/** Reads recorded vectors, or what was said instead of them. */
export function hearVectors(dialect: VectorDialect, exchange: Fixture): Vectors | Fault {
  if (exchange.status !== 200) return refusalIn(dialect, exchange)
  const fault = dialect.faultIn(exchange.body)
  if (fault !== undefined) return fault
  try {
    return dialect.readVectors(exchange.body)
  } catch (error) {
    return Fault.from(error)
  }
}

const refusalIn = (dialect: Dialect, { status, body }: Fixture): Fault =>
  dialect.readFault({ status, body: body.toString(), retryAfterMs: undefined })

export function framesOf(dialect: TalkDialect, chunks: readonly Uint8Array[]): string[] {
  const framer = new Framer(dialect.frameEnd)
  return [...chunks.flatMap((chunk) => framer.push(chunk)), ...framer.rest()]
}

/** Passes a stream through as it is when nothing needs translating. */
export function passOn(
  dialect: TalkDialect,
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
    } else if (part.type === 'text-delta' && last?.type === 'text-delta' && !part.logprobs && !last.logprobs) {
      out[out.length - 1] = { ...last, text: last.text + part.text }
    } else if (part.type === 'thinking-delta' && last?.type === 'thinking-delta' && last.signature === undefined) {
      out[out.length - 1] = { ...last, ...part, text: last.text + part.text }
    } else out.push(part)
  }
  return out
}

/** Some servers say that none came from a cache where others say nothing. */
export function counted(usage: Usage | undefined): Usage | undefined {
  if (usage === undefined) return undefined
  const { promptTokens, outputTokens, ...more } = usage
  return { promptTokens, outputTokens, ...Object.fromEntries(Object.entries(more).filter(([, count]) => count !== 0)) }
}
