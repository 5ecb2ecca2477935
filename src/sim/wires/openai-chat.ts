import type { Question } from '../answer.ts'
import type { Scribe, Told } from '../telling.ts'
import type { Accent } from './accents.ts'
import { begun, hasImages, heard, isJson, type Json, type Message, positive, toolToCall } from './request.ts'

/** What a body asks, or what is wrong with it. */
export function readOpenAiChat(body: Json, accent: Accent): Question | string {
  if (typeof body['model'] !== 'string') return accent.missing.model
  const { takes } = accent
  const unknown = takes === undefined ? undefined : Object.keys(body).find((key) => !takes.has(key))
  if (unknown !== undefined) return `Unrecognized request argument supplied: ${unknown}`
  const messages = body['messages']
  if (!Array.isArray(messages) || messages.length === 0) return accent.missing.messages
  if (!messages.every((message) => isJson(message) && typeof message['role'] === 'string'))
    return 'messages: each needs a role'
  const said = carriesOn(body, accent) ? begun(messages as Message[]) : undefined
  return {
    model: body['model'],
    stream: body['stream'] === true,
    ...heard(messages as Message[]),
    hasImages: hasImages(messages as Message[]),
    outputTokensMax: limitIn(body, accent),
    tool: toolToCall(accent.mindsToolChoice ? body : { tools: body['tools'] }, messages as Message[]),
    format: formatIn(body['response_format']),
    said,
  }
}

export function limitIn(body: Json, { knowsCompletionTokens, atZero }: Accent): number | undefined {
  const completion = knowsCompletionTokens ? positive(body['max_completion_tokens']) : undefined
  return body['max_tokens'] === 0 ? atZero : (completion ?? positive(body['max_tokens']))
}

export const formatIn = (format: unknown): Question['format'] =>
  isJson(format) && format['type'] !== 'text' ? { schema: schemaIn(format) } : undefined

const schemaIn = ({ json_schema: wrapped, schema }: Json): unknown => (isJson(wrapped) ? wrapped['schema'] : schema)

function carriesOn(body: Json, accent: Accent): boolean {
  if (accent.carriesOn !== 'when told') return accent.carriesOn === 'always'
  return body['continue_final_message'] === true && body['add_generation_prompt'] === false
}

/** A model that thinks does so unless it is told not to. */
export function thinksBy(body: Json): boolean {
  const { chat_template_kwargs: kwargs, reasoning_effort: effort, enable_thinking: enabled } = body
  return effort !== 'none' && enabled !== false && !(isJson(kwargs) && kwargs['enable_thinking'] === false)
}

export const wantsUsageIn = ({ stream_options: options }: Json): boolean =>
  isJson(options) && options['include_usage'] === true

export interface About {
  readonly id: string
  readonly createdS: number
  readonly accent: Accent
}

export function openAiChatScribe(question: Question, body: Json, { id, createdS: created, accent }: About): Scribe {
  const { model, tool } = question
  const { opening, reasoning, placeholders, fingerprint, wholeCalls } = accent
  const wantsUsage = wantsUsageIn(body)
  const mark = fingerprint === undefined ? '' : `"system_fingerprint":"${fingerprint}",`
  const chunkHead = `data: {"id":"${id}","object":"chat.completion.chunk","created":${created},"model":${JSON.stringify(model)},${mark}"choices":[`
  const chunkTail = wantsUsage && placeholders ? '],"usage":null}\n\n' : ']}\n\n'
  const chances = placeholders ? '"logprobs":null,' : ''
  const role = opening === 'always' ? '"role":"assistant",' : ''
  const chunk = (delta: string, finish = 'null', beside = ''): string =>
    `${chunkHead}{"index":0,"delta":{${delta}},${chances}"finish_reason":${finish}${beside}}${chunkTail}`
  const callId = `call_${id.slice(-8)}`
  const calling = (text: string): string =>
    `[{"id":"${callId}","index":0,"type":"function","function":{"name":${JSON.stringify(tool?.name)},"arguments":${JSON.stringify(text)}}}]`
  let gathered = ''

  const openingChunk =
    opening !== 'apart'
      ? ''
      : tool === undefined || question.thinks === true
        ? chunk('"role":"assistant","content":""')
        : chunk(`"role":"assistant","content":null,"tool_calls":${calling('')}`)
  const first = opening === 'joined' ? '"role":"assistant",' : role
  // All but the first word stand in the same frame.
  const wordHead = `${chunkHead}{"index":0,"delta":{${role}"content":`
  const wordTail = `},${chances}"finish_reason":null}${chunkTail}`
  // Thoughts come first, so a call opens in the middle.
  let callOpen = opening === 'apart' && tool !== undefined && question.thinks !== true
  const say = (delta: string, index: number): string =>
    index === 0 ? openingChunk + chunk(first + delta) : chunk(role + delta)

  return {
    streamType: 'text/event-stream; charset=utf-8',
    head: accent.head,
    thought(text, index) {
      if (reasoning === undefined) return ''
      return say(`${opening === 'joined' ? '"content":"",' : ''}"${reasoning}":${JSON.stringify(text)}`, index)
    },
    token(text, index) {
      const said = JSON.stringify(text)
      if (tool === undefined) return index === 0 ? say(`"content":${said}`, index) : `${wordHead}${said}${wordTail}`
      if (wholeCalls) {
        gathered += text
        return ''
      }
      const opened = callOpen ? '' : chunk(`${role}"tool_calls":${calling('')}`)
      callOpen = true
      return opened + say(`"tool_calls":[{"index":0,"function":{"arguments":${said}}}]`, index)
    },
    closing(told) {
      const calls =
        tool !== undefined && wholeCalls ? chunk(`${first}"content":"","tool_calls":${calling(gathered)}`) : ''
      const usage = wantsUsage ? `${chunkHead}],"usage":${JSON.stringify(usageOf(told, accent))}}\n\n` : ''
      return `${calls}${chunk('', `"${finishOf(told)}"`, accent.beside)}${usage}data: [DONE]\n\n`
    },
    trouble: () => accent.trouble(accent.error(500, 'The engine broke down.')),
    whole({ text, thought }, told) {
      const thinking = thought === '' || reasoning === undefined ? {} : { [reasoning]: thought }
      const call = { id: callId, type: 'function', function: { name: tool?.name, arguments: text } }
      const message =
        tool === undefined
          ? { role: 'assistant', content: text, ...thinking }
          : {
              role: 'assistant',
              content: fingerprint === undefined ? null : '',
              ...thinking,
              tool_calls: [wholeCalls ? { ...call, index: 0 } : call],
            }
      const choice = { index: 0, message, ...(placeholders && { logprobs: null }), finish_reason: finishOf(told) }
      return JSON.stringify({
        id,
        object: 'chat.completion',
        created,
        model,
        ...(fingerprint !== undefined && { system_fingerprint: fingerprint }),
        choices: [
          accent.beside === '' ? choice : { ...choice, ...(JSON.parse(`{${accent.beside.slice(1)}}`) as Json) },
        ],
        usage: usageOf(told, accent),
      })
    },
    refusal: (status) => ({
      status,
      text: accent.error(status, status === 503 ? 'The server is overloaded.' : 'The engine broke down.'),
    }),
  }
}

export const finishOf = ({ answer }: Told): string =>
  answer.toolName !== undefined && answer.finish === 'stop' ? 'tool_calls' : answer.finish

export function usageOf({ run, answer }: Told, { tellsCached, thoughtCount }: Accent): Json {
  const thoughts = { reasoning_tokens: Math.min(answer.thoughts, run.said) }
  return {
    prompt_tokens: run.job.promptTokens,
    completion_tokens: run.said,
    total_tokens: run.job.promptTokens + run.said,
    ...(tellsCached && { prompt_tokens_details: { cached_tokens: run.cachedTokens } }),
    ...(thoughtCount === 'beside' && thoughts),
    ...(thoughtCount === 'detail' && { completion_tokens_details: thoughts }),
  }
}
