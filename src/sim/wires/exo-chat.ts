import type { Question } from '../answer.ts'
import type { Run } from '../job.ts'
import type { Scribe } from '../telling.ts'
import { exoAccent as accent } from './accents.ts'
import { type About, finishOf, usageOf } from './openai-chat.ts'
import type { Json } from './request.ts'

/**
 * Exo's own chat stream: chunks that call themselves whole answers, every field written out, comments of its own, and the
 * counts on the chunk with the last word.
 */
export function exoChatScribe(question: Question, { id, createdS: created }: About): Scribe {
  const { model, tool } = question
  const chunk = (delta: Json, finish: string | null, usage: Json | null): string =>
    `data: ${JSON.stringify({ id, object: 'chat.completion', created, model, choices: [{ index: 0, delta: { ...nobody, ...delta }, logprobs: null, finish_reason: finish, usage: null }], usage, service_tier: null })}\n\n`
  const call = (text: string): Json => {
    const callId = `${id}-call`
    return { id: callId, index: 0, type: 'function', function: { id: callId, name: tool?.name, arguments: text } }
  }
  let gathered = ''
  let held = ''
  const say = (delta: Json, text: string, index: number, run: Run): string => {
    const progress = index === 0 ? prefilled(run, model) : ''
    // The last one waits for the counts it carries.
    if (index + 1 < run.job.outputTokens) return progress + chunk(delta, null, null)
    held = text
    return progress
  }
  return {
    streamType: 'text/event-stream',
    head: 'at once',
    greeting: ': keep-alive\n\n',
    comment: ': keep-alive\n\n',
    thought: (text, index, run) => say({ reasoning_content: text }, text, index, run),
    token(text, index, run) {
      if (tool === undefined) return say({ content: text }, text, index, run)
      gathered += text
      return index === 0 ? prefilled(run, model) : ''
    },
    closing(told) {
      const usage = usageOf(told, accent)
      const onlyThought = told.answer.thoughts >= told.answer.tokens
      const last =
        tool !== undefined && !onlyThought
          ? chunk({ tool_calls: [call(gathered)] }, 'tool_calls', usage)
          : chunk(onlyThought ? { reasoning_content: held } : { content: held }, finishOf(told), usage)
      const stats = { prompt_tokens: told.run.job.promptTokens, generation_tokens: told.run.said }
      return `${last}: generation_stats ${JSON.stringify(stats)}\n\ndata: [DONE]\n\n`
    },
    trouble: () => accent.trouble(accent.error(500, 'Internal server error')),
    whole({ text, thought }, told) {
      const said = tool === undefined ? { content: text } : { content: '', tool_calls: [call(text)] }
      const message = { ...nobody, ...said, ...(thought !== '' && { reasoning_content: thought }) }
      return JSON.stringify({
        id,
        object: 'chat.completion',
        created,
        model,
        choices: [{ index: 0, message, logprobs: null, finish_reason: finishOf(told) }],
        usage: usageOf(told, accent),
        service_tier: null,
      })
    },
    refusal: (status) => ({ status, text: accent.error(status, 'Internal server error') }),
  }
}

const nobody: Json = {
  role: 'assistant',
  content: null,
  reasoning_content: null,
  name: null,
  tool_calls: null,
  tool_call_id: null,
  function_call: null,
}

const prefilled = ({ job: { promptTokens } }: Run, model: string): string =>
  `: prefill_progress ${JSON.stringify({ model, processed_tokens: promptTokens, total_tokens: promptTokens })}\n\n`
