import type { AnswerAbout } from '../../core/dialect.ts'
import type { Json } from '../../core/json.ts'
import type { FinishReason, Part } from '../../core/part.ts'
import type { Usage } from '../../core/usage.ts'
import { gather } from '../answer.ts'
import { writeLogprobs } from '../logprobs.ts'
import { dateOf, ending, logprobsText } from '../ollama/ending.ts'

/** Writes one stream. There are no calls here: nobody can have offered a tool. */
export function partWriter(about: AnswerAbout): (part: Part) => string {
  const model = JSON.stringify(about.model)
  let firstMs: number | undefined
  let reason: FinishReason = 'stop'
  let usage: Usage | undefined

  const line = (members: string): string =>
    `{"model":${model},"created_at":"${dateOf(about)}",${members},"done":false}\n`

  return (part) => {
    if (part.type !== 'end') firstMs ??= about.epochMs()
    switch (part.type) {
      case 'text-delta': {
        const logprobs = part.logprobs === undefined ? '' : logprobsText(part.logprobs)
        return line(`"response":${JSON.stringify(part.text)}${logprobs}`)
      }
      case 'thinking-delta':
        return part.text === '' ? '' : line(`"response":"","thinking":${JSON.stringify(part.text)}`)
      case 'tool-start':
      case 'tool-delta':
        return ''
      case 'finish':
        reason = part.reason
        return ''
      case 'usage':
        usage = part.usage
        return ''
      case 'end':
        return `${JSON.stringify({ ...headOf(about), response: '', ...ending(about, { reason, usage, firstMs }) })}\n`
    }
  }
}

export function collect(parts: Iterable<Part>, about: AnswerAbout): Json {
  const { text, thinking, reason, logprobs, usage } = gather(parts)
  return {
    ...headOf(about),
    response: text,
    ...(thinking !== '' && { thinking }),
    ...(logprobs !== undefined && { logprobs: writeLogprobs(logprobs) }),
    ...ending(about, { reason, usage, firstMs: undefined }),
  }
}

const headOf = (about: AnswerAbout): Json => ({ model: about.model, created_at: dateOf(about) })
