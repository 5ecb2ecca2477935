import type { AnswerAbout } from '../../core/dialect.ts'
import type { Json } from '../../core/json.ts'
import type { FinishReason, Part } from '../../core/part.ts'
import type { Usage } from '../../core/usage.ts'
import { argumentsObject, type Call, callId, gather, parseExactly } from '../answer.ts'

/** While a long call is gathered the caller hears nothing; an empty object now and then shows that there is progress. */
const pulseEvery = 16

const nanosPerMs = 1_000_000

/** Writes one stream. A call goes out whole, because its arguments are an object here. */
export function partWriter(about: AnswerAbout): (part: Part) => string {
  const model = JSON.stringify(about.model)
  let firstMs: number | undefined
  let call: { index: number; id: string; name: string; arguments: string } | undefined
  let pieces = 0
  let reason: FinishReason = 'stop'
  let usage: Usage | undefined

  const line = (message: string): string =>
    `{"model":${model},"created_at":"${dateOf(about)}","message":{"role":"assistant",${message}},"done":false}\n`

  const flush = (): string => {
    if (call === undefined) return ''
    const written = line(`"content":"","tool_calls":[${writeCall(call, call.index, about)}]`)
    call = undefined
    return written
  }

  return (part) => {
    if (part.type !== 'end') firstMs ??= about.epochMs()
    switch (part.type) {
      case 'text-delta':
        return flush() + line(`"content":${JSON.stringify(part.text)}`)
      case 'thinking-delta':
        return flush() + line(`"content":"","thinking":${JSON.stringify(part.text)}`)
      case 'tool-start': {
        const before = flush()
        call = { index: part.index, id: part.id, name: part.name, arguments: '' }
        return before
      }
      case 'tool-delta':
        if (call !== undefined) call.arguments += part.arguments
        pieces += 1
        return pieces % pulseEvery === 0 ? line('"content":""') : ''
      case 'finish':
        reason = part.reason
        return flush()
      case 'usage':
        usage = part.usage
        return ''
      case 'end': {
        const last = ending(about, { reason, usage, firstMs })
        const head = { model: about.model, created_at: dateOf(about), message: { role: 'assistant', content: '' } }
        return `${flush()}${JSON.stringify({ ...head, ...last })}\n`
      }
    }
  }
}

export function collect(parts: Iterable<Part>, about: AnswerAbout): Json {
  const { text, thinking, calls, reason, usage } = gather(parts)
  return {
    model: about.model,
    created_at: dateOf(about),
    message: {
      role: 'assistant',
      content: text,
      ...(thinking !== '' && { thinking }),
      ...(calls.length > 0 && { tool_calls: calls.map((call, index) => parseExactly(writeCall(call, index, about))) }),
    },
    ...ending(about, { reason, usage, firstMs: undefined }),
  }
}

/** The members of a last object. Its durations are ours: the server that counted the tokens did not time them. */
function ending(
  about: AnswerAbout,
  seen: { reason: FinishReason; usage: Usage | undefined; firstMs: number | undefined },
): Json {
  const { reason, usage, firstMs } = seen
  const endMs = about.epochMs()
  const splitMs = firstMs ?? endMs
  const nanos = (fromMs: number, toMs: number): number => Math.round(Math.max(toMs - fromMs, 0) * nanosPerMs)
  return {
    done: true,
    // There is no reason of its own for calls: they stand in the message.
    done_reason: reason === 'length' ? 'length' : 'stop',
    total_duration: nanos(about.createdMs, endMs),
    ...(usage !== undefined && {
      prompt_eval_count: usage.promptTokens,
      prompt_eval_duration: nanos(about.createdMs, splitMs),
      eval_count: usage.outputTokens,
      eval_duration: nanos(splitMs, endMs),
    }),
  }
}

function writeCall(call: Call, index: number, about: AnswerAbout): string {
  const id = JSON.stringify(callId(call.id, about.id, index))
  return `{"id":${id},"function":{"index":${index},"name":${JSON.stringify(call.name)},"arguments":${argumentsObject(call)}}}`
}

const dateOf = (about: AnswerAbout): string => new Date(about.epochMs()).toISOString()
