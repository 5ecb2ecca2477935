import type { AnswerAbout } from '../../core/dialect.ts'
import type { Json } from '../../core/json.ts'
import type { FinishReason, Part, TokenLogprob } from '../../core/part.ts'
import type { Usage } from '../../core/usage.ts'
import { callId, gather } from '../answer.ts'
import { writeLogprobs } from '../logprobs.ts'
import { writeUsage } from '../openai/usage.ts'

const finishReasons: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
}

/** Writes one stream. The counts come last, whenever they were known, and only for who asked for them. */
export function partWriter(about: AnswerAbout): (part: Part) => string {
  const head = JSON.stringify(headOf(about, 'chat.completion.chunk')).slice(0, -1)
  const begin = `data: ${head},"choices":[{"index":0,"delta":`
  let role = about.begun === undefined ? '"role":"assistant",' : ''
  let usage: Usage | undefined
  /** Calls of whose arguments nothing has been said. */
  const silent = new Set<number>()

  const delta = (members: string, more = ''): string => {
    const frame = `${begin}{${role}${members}}${more},"finish_reason":null}]}\n\n`
    role = ''
    return frame
  }

  const more = (index: number, args: string): string =>
    delta(`"tool_calls":[{"index":${index},"function":{"arguments":${JSON.stringify(args)}}}]`)

  return (part) => {
    switch (part.type) {
      case 'text-delta':
        return delta(
          `"content":${JSON.stringify(part.text)}`,
          part.logprobs && `,"logprobs":${logprobsText(part.logprobs)}`,
        )
      case 'thinking-delta': {
        // A signature alone means nothing to anybody else.
        if (part.text === '') return ''
        // Clients look for one of the two names, and no name is known to all.
        const text = JSON.stringify(part.text)
        return delta(`"reasoning_content":${text},"reasoning":${text}`)
      }
      case 'tool-start': {
        const id = callId(part.id, about.id, part.index)
        const call = { index: part.index, id, type: 'function', function: { name: part.name, arguments: '' } }
        silent.add(part.index)
        return delta(`"tool_calls":[${JSON.stringify(call)}]`)
      }
      case 'tool-delta':
        silent.delete(part.index)
        return more(part.index, part.arguments)
      case 'finish': {
        const first = role === '' ? '{}' : '{"role":"assistant","content":""}'
        role = ''
        // Clients parse what they put together, and nothing is no JSON.
        let last = ''
        for (const index of silent) last += more(index, '{}')
        return `${last}${begin}${first},"finish_reason":"${finishReasons[part.reason]}"}]}\n\n`
      }
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
  const { text, thinking, calls, reason, logprobs, usage } = gather(parts)
  const message: Json = {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    refusal: null,
    ...(thinking !== '' && { reasoning_content: thinking, reasoning: thinking }),
    ...(calls.length > 0 && {
      tool_calls: calls.map((call, index) => ({
        id: callId(call.id, about.id, index),
        type: 'function',
        function: { name: call.name, arguments: call.arguments === '' ? '{}' : call.arguments },
      })),
    }),
  }
  return {
    ...headOf(about, 'chat.completion'),
    choices: [
      {
        index: 0,
        message,
        logprobs: logprobs === undefined ? null : { content: writeLogprobs(logprobs), refusal: null },
        finish_reason: finishReasons[reason],
      },
    ],
    ...(usage !== undefined && { usage: writeUsage(usage) }),
  }
}

const logprobsText = (logprobs: readonly TokenLogprob[]): string =>
  JSON.stringify({ content: writeLogprobs(logprobs), refusal: null })

const headOf = (about: AnswerAbout, object: string): Json => ({
  id: about.begun?.id ?? `chatcmpl-${about.id}`,
  object,
  created: Math.floor((about.begun?.createdMs ?? about.createdMs) / 1_000),
  model: about.model,
})
