import type { WatchOptions } from '../../core/dialect.ts'
import { Fault } from '../../core/fault.ts'
import { isObject } from '../../core/json.ts'
import { readFrame, readReason } from './chunk.ts'
import { readUsage } from './usage.ts'
import { isComment, isJunk, SseWatcher } from '../sse.ts'
import { hasText, valueAt, type Verdict } from '../watch.ts'

const quote = 0x22
const openBrace = 0x7b
const openBracket = 0x5b
const letterD = 0x64
const letterN = 0x6e

/**
 * Watches a stream that is passed on. Most frames hold a piece of text and nothing else that matters; only a frame that
 * spells a count, an end or an error is parsed.
 */
export class OpenAiWatcher extends SseWatcher {
  readonly #hideUsage: boolean
  readonly #textKey: string
  #over = false

  /** `textKey` is what a piece of text stands behind, with its closing quote. */
  constructor(options: WatchOptions, textKey: string) {
    super(options)
    this.#hideUsage = options.hideUsage
    this.#textKey = textKey
  }

  /** Behind the reason for the end come the counts. */
  override get over(): boolean {
    return this.#over
  }

  protected override look(frame: string, bytes: Buffer, at: number): Verdict {
    const hasContent = hasText(frame, this.#textKey)
    if (hasContent || hasThoughtOrCall(frame)) this.frames += 1
    if (frame.charCodeAt(0) === letterD && !isMarked(frame, hasContent)) return 'pass'
    if (isJunk(frame)) return 'drop'
    return isComment(frame) ? 'pass' : this.#parse(frame, bytes, at)
  }

  protected override missingEnd(frame: string, bytes: Buffer, at: number): string | undefined {
    if (frame.startsWith(':')) return undefined
    try {
      if (readFrame(bytes.toString('utf8', at, at + frame.length).trimEnd()).type === 'nothing') return undefined
    } catch (error) {
      // Half a chunk, and nobody has use for it. An error, even one without its end, is for `look` to find.
      if (!frame.includes('"error"') && !frame.startsWith('error:')) return undefined
      if (!(error instanceof Fault)) throw error
    }
    return frame.endsWith('\n') ? '\n' : '\n\n'
  }

  #parse(frame: string, bytes: Buffer, at: number): Verdict {
    try {
      const text = bytes.toString('utf8', at, at + frame.length).replace(/\r\n?/g, '\n')
      const read = readFrame(text.trimEnd())
      if (read.type === 'done') this.#over = this.ended = true
      if (read.type !== 'chunk') return 'pass'
      if (text.startsWith('{')) {
        // No event: whoever waits for events would wait for ever, or take it for an empty answer.
        throw new Fault('upstream-broke', 'The server answered in one piece where a stream was asked for.')
      }
      const { choices, usage } = read.chunk
      const list: readonly unknown[] = Array.isArray(choices) ? choices : []
      for (const choice of list) {
        if (readReason((choice as { finish_reason?: unknown } | null)?.finish_reason) !== undefined) this.ended = true
      }
      const counted = readUsage(usage)
      if (counted !== undefined) this.usage = counted
      // Counts that ride on a chunk of the answer stay: only the frame that we asked for goes.
      return this.#hideUsage && isObject(usage) && list.length === 0 ? 'drop' : 'pass'
    } catch (error) {
      this.fault = Fault.from(error)
      return 'drop'
    }
  }
}

/** Whether the frame holds more than a piece of the answer. It may say so too often, never too seldom. */
function isMarked(frame: string, hasContent: boolean): boolean {
  const reasonAt = valueAt(frame, 'finish_reason"')
  if (reasonAt >= 0 && frame.charCodeAt(reasonAt) === quote && frame.charCodeAt(reasonAt + 1) !== quote) return true
  const usageAt = valueAt(frame, 'usage"')
  if (usageAt >= 0 && frame.charCodeAt(usageAt) === openBrace) return true
  if (hasContent) return false
  const errorAt = valueAt(frame, 'error"')
  if (errorAt >= 0 && frame.charCodeAt(errorAt) !== letterN) return true
  // Flat errors, `[DONE]` and other rarities are what holds no choices.
  return valueAt(frame, 'choices"') < 0
}

function hasThoughtOrCall(frame: string): boolean {
  if (hasText(frame, 'reasoning_content"') || hasText(frame, 'reasoning"')) return true
  const at = valueAt(frame, 'tool_calls"')
  return at >= 0 && frame.charCodeAt(at) === openBracket && frame.charCodeAt(at + 1) === openBrace
}
