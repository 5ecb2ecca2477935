import { parsed } from './members.ts'
import { FrameWatcher } from './watch.ts'

/** One event of a stream, as far as its lines tell. */
export interface SseEvent {
  /** Undefined for one without a name. */
  readonly name: string | undefined
  /** All its lines of data; undefined for one without any. */
  readonly data: string | undefined
}

/** Reads a frame without its end. */
export function readEvent(frame: string): SseEvent {
  let name: string | undefined
  let data: string | undefined
  for (const line of frame.split('\n')) {
    const value = fieldOf(line, 'data')
    if (value === undefined) name = fieldOf(line, 'event') ?? name
    else data = data === undefined ? value : `${data}\n${value}`
  }
  return { name, data }
}

export function fieldOf(line: string, name: string): string | undefined {
  if (!line.startsWith(name) || line[name.length] !== ':') return undefined
  return line.slice(name.length + 1).trim()
}

/** The part of watching that is the same for all streams of events. */
export abstract class SseWatcher extends FrameWatcher {
  protected override frameEnd(text: string, from: number): number {
    for (let at = text.indexOf('\n', from); at >= 0; at = text.indexOf('\n', at + 1)) {
      const next = text.charCodeAt(at + 1)
      if (next === 0x0a) return at + 2
      if (next === 0x0d) return at + (text.charCodeAt(at + 2) === 0x0a ? 3 : 2)
    }
    const back = text.indexOf('\r\r', from)
    return back < 0 ? -1 : back + 2
  }

  protected override jsonStart(frame: string): number {
    return Math.max(frame.indexOf('{'), 0)
  }

  protected override missingEnd(frame: string, bytes: Buffer, at: number): string | undefined {
    const text = bytes.toString('utf8', at, at + frame.length)
    const data = frame.startsWith('{') ? text : readEvent(text).data
    // Half an event, and nobody has use for it.
    if (data === undefined || parsed(data) === undefined) return undefined
    return frame.endsWith('\n') ? '\n' : '\n\n'
  }
}

/** A bare sentence, with which some servers end a broken stream: it must not run into what comes behind it. */
export const isJunk = (frame: string): boolean =>
  frame.charCodeAt(0) !== 0x7b && !/^(?:\u00EF\u00BB\u00BF)?(?:data|event|id|retry|error)?:/m.test(frame)

export const isComment = (frame: string): boolean =>
  frame.charCodeAt(0) === 0x3a && !/^(data|event|error):/m.test(frame)
