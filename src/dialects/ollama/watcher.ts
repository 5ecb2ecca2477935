import type { WatchOptions } from '../../core/dialect.ts'
import { Fault } from '../../core/fault.ts'
import { Repeats } from '../repeats.ts'
import { FrameWatcher, hasText, valueAt, type Verdict } from '../watch.ts'
import { readLine } from './line.ts'
import { readUsage } from './usage.ts'

const openBrace = 0x7b
const openBracket = 0x5b
const letterT = 0x74

/** Watches a stream that is passed on. Counts are always in the last object, which is the only one that is parsed. */
export class OllamaWatcher extends FrameWatcher {
  readonly #textKey: string
  readonly #repeats = new Repeats()

  /** `textKey` is what a piece of text stands behind, with its closing quote. */
  constructor(options: WatchOptions, textKey: string) {
    super(options)
    this.#textKey = textKey
  }

  get silentEnd(): Fault | undefined {
    return this.#repeats.fault
  }

  protected override frameEnd(text: string, from: number): number {
    return text.indexOf('\n', from) + 1 || -1
  }

  protected override look(frame: string, bytes: Buffer, at: number): Verdict {
    const hasContent = hasText(frame, this.#textKey) || hasText(frame, 'thinking"')
    if (hasContent) {
      this.frames += 1
      const textAt = frame.indexOf(this.#textKey)
      this.#repeats.see(frame.slice(textAt, frame.indexOf('"', textAt + this.#textKey.length + 2)))
    }
    const doneAt = valueAt(frame, 'done"')
    const isDone = doneAt >= 0 && frame.charCodeAt(doneAt) === letterT
    if (hasContent && !isDone) return 'pass'
    // The Go and Python clients give up at a blank line, and nobody's makes anything of what is no object.
    if (!frame.trimStart().startsWith('{')) return 'drop'
    if (!hasContent && hasCall(frame)) this.frames += 1
    return isDone || valueAt(frame, 'error"') >= 0 ? this.#parse(bytes.toString('utf8', at, at + frame.length)) : 'pass'
  }

  protected override jsonStart(): number {
    return 0
  }

  protected override missingEnd(frame: string, bytes: Buffer, at: number): string | undefined {
    try {
      JSON.parse(bytes.toString('utf8', at, at + frame.length))
      return '\n'
    } catch {
      return undefined
    }
  }

  #parse(frame: string): Verdict {
    try {
      const line = readLine(frame)
      if (line['done'] === true) {
        this.ended = true
        this.usage = readUsage(line) ?? this.usage
      }
      return 'pass'
    } catch (error) {
      this.fault = Fault.from(error)
      return 'drop'
    }
  }
}

function hasCall(frame: string): boolean {
  const at = valueAt(frame, 'tool_calls"')
  return at >= 0 && frame.charCodeAt(at) === openBracket && frame.charCodeAt(at + 1) === openBrace
}
