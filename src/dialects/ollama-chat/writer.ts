import type { AnswerAbout } from '../../core/dialect.ts'
import type { Json } from '../../core/json.ts'
import type { FinishReason, Part } from '../../core/part.ts'
import type { Usage } from '../../core/usage.ts'
import { argumentsObject, type Call, callId, gather, parseExactly } from '../answer.ts'
import { writeLogprobs } from '../logprobs.ts'
import { dateOf, ending, logprobsText } from '../ollama/ending.ts'

/** While a long call is gathered the caller hears nothing; an empty object now and then shows that there is progress. */
const pulseEvery = 16

/** Writes one stream. A call goes out whole, because its arguments are an object here. */
export function partWriter(about: AnswerAbout): (part: Part) => string {
  const model = JSON.stringify(about.model)
  let firstMs: number | undefined
  // Servers may speak of several calls in turns; here each goes out whole.
  let calls: { id: string; name: string; arguments: string }[] = []
  let written = 0
  let pieces = 0
  let reason: FinishReason = 'stop'
  let usage: Usage | undefined

  const line = (message: string, more = ''): string =>
    `{"model":${model},"created_at":"${dateOf(about)}","message":{"role":"assistant",${message}}${more},"done":false}\n`

  const flush = (): string => {
    if (calls.length === 0) return ''
    const lines = calls.map((call, at) => line(`"content":"","tool_calls":[${writeCall(call, written + at, about)}]`))
    written += calls.length
    calls = []
    return lines.join('')
  }

  return (part) => {
    if (part.type !== 'end') firstMs ??= about.epochMs()
    switch (part.type) {
      case 'text-delta':
        return flush() + line(`"content":${JSON.stringify(part.text)}`, part.logprobs && logprobsText(part.logprobs))
      case 'thinking-delta':
        if (part.text === '') return ''
        return flush() + line(`"content":"","thinking":${JSON.stringify(part.text)}`)
      case 'tool-start':
        calls[part.index - written] = { id: part.id, name: part.name, arguments: '' }
        return ''
      case 'tool-delta': {
        const call = calls[part.index - written]
        if (call !== undefined) call.arguments += part.arguments
        pieces += 1
        return pieces % pulseEvery === 0 ? line('"content":""') : ''
      }
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
  const { text, thinking, calls, reason, logprobs, usage } = gather(parts)
  return {
    model: about.model,
    created_at: dateOf(about),
    message: {
      role: 'assistant',
      content: text,
      ...(thinking !== '' && { thinking }),
      ...(calls.length > 0 && { tool_calls: calls.map((call, index) => parseExactly(writeCall(call, index, about))) }),
    },
    ...(logprobs !== undefined && { logprobs: writeLogprobs(logprobs) }),
    ...ending(about, { reason, usage, firstMs: undefined }),
  }
}

function writeCall(call: Call, index: number, about: AnswerAbout): string {
  const id = JSON.stringify(callId(call.id, about.id, index))
  return `{"id":${id},"function":{"index":${index},"name":${JSON.stringify(call.name)},"arguments":${argumentsObject(call)}}}`
}
