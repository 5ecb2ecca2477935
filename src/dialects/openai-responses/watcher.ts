import { Fault } from '../../core/fault.ts'
import { isComment, isJunk, SseWatcher } from '../sse.ts'
import { hasText, valueAt, type Verdict } from '../watch.ts'
import { readEnd, readFrame, responseOf } from './event.ts'
import { readUsage } from './usage.ts'

/** Events that hold a piece of the answer, and nothing else that matters. */
const pieces: ReadonlySet<string> = new Set([
  'response.output_text.delta',
  'response.refusal.delta',
  'response.reasoning_text.delta',
  'response.reasoning_summary_text.delta',
  'response.function_call_arguments.delta',
  'response.custom_tool_call_input.delta',
])

const ends: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed'])

const nameStart = 'event: '.length

/** Watches a stream that is passed on. Most events are known by their name; only those that can end it are parsed. */
export class ResponsesWatcher extends SseWatcher {
  protected override look(frame: string, bytes: Buffer, at: number): Verdict {
    const name = frame.startsWith('event: ') ? frame.slice(nameStart, frame.indexOf('\n')).trimEnd() : ''
    if (pieces.has(name)) {
      if (hasText(frame, 'delta"')) this.frames += 1
      return 'pass'
    }
    if (name === 'response.output_item.added') {
      if (isCall(frame)) this.frames += 1
      return 'pass'
    }
    if (name.startsWith('response.') && !ends.has(name)) return 'pass'
    if (isJunk(frame)) return 'drop'
    return isComment(frame) ? 'pass' : this.#parse(bytes.toString('utf8', at, at + frame.length))
  }

  /** Only a response names its model, and all of its names stand within it. */
  protected override jsonStart(frame: string): number {
    const at = valueAt(frame, 'response"')
    return at < 0 ? frame.length : at
  }

  #parse(frame: string): Verdict {
    try {
      const event = readFrame(frame.replace(/\r\n?/g, '\n').trimEnd())
      if (event === undefined) return 'pass'
      const { type, json } = event
      if (type === 'whole') {
        // No event: whoever waits for events would wait for ever, or take it for an empty answer.
        throw new Fault('upstream-broke', 'The server answered in one piece where a stream was asked for.')
      }
      if (pieces.has(type) || (type === 'response.output_item.added' && isCall(frame))) this.frames += 1
      if (type !== 'response.completed' && type !== 'response.incomplete') return 'pass'
      const response = responseOf(json)
      this.ended = readEnd(response) !== undefined
      this.usage = readUsage(response['usage']) ?? this.usage
      return 'pass'
    } catch (error) {
      this.fault = Fault.from(error)
      return 'drop'
    }
  }
}

const isCall = (frame: string): boolean => /"type" ?: ?"(?:function|custom_tool)_call"/.test(frame)
