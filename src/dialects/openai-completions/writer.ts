import type { AnswerAbout } from '../../core/dialect.ts'
import type { Json } from '../../core/json.ts'
import type { FinishReason, Part } from '../../core/part.ts'
import type { Usage } from '../../core/usage.ts'
import { gather } from '../answer.ts'
import { writeUsage } from '../openai/usage.ts'
import { charactersIn, writeTextLogprobs } from './logprobs.ts'

const finishReasons: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'stop',
  'content-filter': 'content_filter',
}

/** Writes one stream. A plain text has neither thoughts nor calls; where a server told some apart, they are not the text. */
export function partWriter(about: AnswerAbout): (part: Part) => string {
  const head = JSON.stringify(headOf(about)).slice(0, -1)
  const begin = `data: ${head},"choices":[{"text":`
  let offset = 0
  let usage: Usage | undefined

  return (part) => {
    switch (part.type) {
      case 'text-delta': {
        const logprobs = part.logprobs === undefined ? null : writeTextLogprobs(part.logprobs, offset)
        offset += charactersIn(part.text)
        return `${begin}${JSON.stringify(part.text)},"index":0,"logprobs":${JSON.stringify(logprobs)},"finish_reason":null}]}\n\n`
      }
      case 'thinking-delta':
      case 'tool-start':
      case 'tool-delta':
        return ''
      case 'finish':
        return `${begin}"","index":0,"logprobs":null,"finish_reason":"${finishReasons[part.reason]}"}]}\n\n`
      case 'usage':
        usage = part.usage
        return ''
      case 'end': {
        const counts = usage !== undefined && about.wantsUsage
        return `${counts ? `data: ${head},"choices":[],"usage":${JSON.stringify(writeUsage(usage!))}}\n\n` : ''}data: [DONE]\n\n`
      }
    }
  }
}

export function collect(parts: Iterable<Part>, about: AnswerAbout): Json {
  const { text, reason, logprobs, usage } = gather(parts)
  return {
    ...headOf(about),
    choices: [
      {
        text,
        index: 0,
        logprobs: logprobs === undefined ? null : writeTextLogprobs(logprobs, 0),
        finish_reason: finishReasons[reason],
      },
    ],
    ...(usage !== undefined && { usage: writeUsage(usage) }),
  }
}

const headOf = (about: AnswerAbout): Json => ({
  id: about.begun?.id ?? `cmpl-${about.id}`,
  object: 'text_completion',
  created: Math.floor((about.begun?.createdMs ?? about.createdMs) / 1_000),
  model: about.model,
})
