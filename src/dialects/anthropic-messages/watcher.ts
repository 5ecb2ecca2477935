import { Fault } from '../../core/fault.ts'
import { isObject } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import { isComment, isJunk, SseWatcher } from '../sse.ts'
import { hasText, valueAt, type Verdict } from '../watch.ts'
import { readFrame } from './event.ts'
import { addCounts, type Counts, usageFrom } from './usage.ts'

const delta = 'event: content_block_delta'
const quiet = /^event: (?:ping|content_block_stop)\b/

/** Watches a stream that is passed on. Pieces of the answer are known by their name; what counts or ends it is parsed. */
export class AnthropicWatcher extends SseWatcher {
  readonly #counts: Counts = {}

  /** All that there is to say of the prompt is said at the beginning. */
  get counted(): Usage | undefined {
    return usageFrom(this.#counts)
  }

  protected override look(frame: string, bytes: Buffer, at: number): Verdict {
    if (frame.startsWith(delta)) {
      if (hasText(frame, 'text"') || hasText(frame, 'thinking"') || hasText(frame, 'partial_json"')) this.frames += 1
      return 'pass'
    }
    if (quiet.test(frame)) return 'pass'
    if (isJunk(frame)) return 'drop'
    return isComment(frame) ? 'pass' : this.#parse(bytes.toString('utf8', at, at + frame.length))
  }

  /** Only the first event names the model, within its message. */
  protected override jsonStart(frame: string): number {
    const at = frame.includes('message_start') ? valueAt(frame, 'message"') : -1
    return at < 0 ? frame.length : at
  }

  #parse(frame: string): Verdict {
    try {
      const event = readFrame(frame.replace(/\r\n?/g, '\n').trimEnd())
      if (event === undefined) return 'pass'
      const { type, message, usage, content_block: block } = event
      if (type === 'message') {
        // No event: whoever waits for events would wait for ever, or take it for an empty answer.
        throw new Fault('upstream-broke', 'The server answered in one piece where a stream was asked for.')
      }
      if (type === 'message_start' && isObject(message)) addCounts(this.#counts, message['usage'])
      if (type === 'message_delta') addCounts(this.#counts, usage)
      if (type === 'content_block_delta' || (isObject(block) && block['type'] === 'tool_use')) this.frames += 1
      if (type === 'message_stop') {
        this.ended = true
        this.usage = usageFrom(this.#counts)
      }
      return 'pass'
    } catch (error) {
      this.fault = Fault.from(error)
      return 'drop'
    }
  }
}
