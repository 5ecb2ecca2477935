import type { Watcher, WatchOptions } from '../core/dialect.ts'
import type { Fault } from '../core/fault.ts'
import type { Usage } from '../core/usage.ts'
import { asBuffer } from './members.ts'
import { Renamer } from './splice.ts'

/** What becomes of a frame on its way to the caller. */
export type Verdict = 'pass' | 'drop'

/**
 * The part of watching that all dialects share: it takes frames apart, asks `look` about each, and puts together again
 * what may go on. A frame is looked at as latin1, one character a byte, which costs a fraction of decoding it; JSON keys
 * are ASCII, and inside a JSON string no bare quote can stand, so a key that is found is a key.
 */
export abstract class FrameWatcher implements Watcher {
  usage: Usage | undefined
  frames = 0
  ended = false
  fault: Fault | undefined
  readonly #renamer: Renamer | undefined

  constructor({ rename }: WatchOptions) {
    this.#renamer = rename && new Renamer(rename)
  }

  /** Index behind the frame that begins at `from`, or -1 when it has no end. */
  protected abstract frameEnd(text: string, from: number): number
  /** The frame's own bytes begin at `at`. Sets `fault` for a frame that says so. */
  protected abstract look(frame: string, bytes: Buffer, at: number): Verdict
  /** Where in a frame its JSON begins. */
  protected abstract jsonStart(frame: string): number
  /** A last frame without its end: what has to follow for it to be whole, or undefined if it was torn. */
  protected abstract missingEnd(frame: string, bytes: Buffer, at: number): string | undefined

  /** In most formats the last frame has the counts, and says that it is the last. */
  get over(): boolean {
    return this.ended
  }

  see(frames: Uint8Array): Uint8Array | undefined {
    if (this.fault !== undefined) return undefined
    const bytes = asBuffer(frames)
    const text = bytes.toString('latin1')
    // Nearly always one frame came, and nothing of it changes.
    if (this.#renamer === undefined && this.frameEnd(text, 0) === text.length) {
      return this.look(text, bytes, 0) === 'pass' ? frames : undefined
    }
    return this.#seeMany(frames, bytes, text)
  }

  #seeMany(frames: Uint8Array, bytes: Buffer, text: string): Uint8Array | undefined {
    const out: Uint8Array[] = []
    let changed = false
    for (let from = 0, to = 0; from < text.length; from = to) {
      to = this.frameEnd(text, from)
      let ending: string | undefined
      if (to < 0) {
        to = text.length
        ending = this.missingEnd(text.slice(from), bytes, from)
        if (ending === undefined) {
          changed = true
          break
        }
      }
      const frame = from === 0 && to === text.length ? text : text.slice(from, to)
      if (this.look(frame, bytes, from) === 'drop') {
        changed = true
        if (this.fault !== undefined) break
        continue
      }
      const range = { start: from, json: from + this.jsonStart(frame), end: to }
      if (this.#renamer?.rename(bytes, range, out)) changed = true
      else out.push(bytes.subarray(from, to))
      if (ending !== undefined) {
        out.push(Buffer.from(ending))
        changed = true
      }
    }
    if (!changed) return frames
    return out.length === 0 ? undefined : Buffer.concat(out)
  }
}

/**
 * The first character of the value behind this key, as its index; -1 when the key is not there. The key is searched for
 * without its opening quote: a search that begins with a rarer character is faster.
 */
export function valueAt(frame: string, keyAndQuote: string): number {
  for (let found = frame.indexOf(keyAndQuote); found >= 0; found = frame.indexOf(keyAndQuote, found + 1)) {
    let at = skipBlanks(frame, found + keyAndQuote.length)
    // The same word as a value is followed by something else.
    if (frame.charCodeAt(at) !== 0x3a) continue
    at = skipBlanks(frame, at + 1)
    return at
  }
  return -1
}

/** Whether this key has a text with something in it. */
export function hasText(frame: string, keyAndQuote: string): boolean {
  const at = valueAt(frame, keyAndQuote)
  return at >= 0 && frame.charCodeAt(at) === 0x22 && frame.charCodeAt(at + 1) !== 0x22
}

function skipBlanks(frame: string, from: number): number {
  let at = from
  while (frame.charCodeAt(at) === 0x20) at += 1
  return at
}
