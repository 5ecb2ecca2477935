import type { Question, Tool } from '../answer.ts'
import { firstTool, isJson, type Json, positive, textOf } from './request.ts'

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  529: 'overloaded_error',
}

export const anthropicError = (status: number, message: string, requestId = 'req_sim'): string =>
  JSON.stringify({
    type: 'error',
    error: { type: errorTypes[status] ?? 'api_error', message },
    request_id: requestId,
  })

/** What a body asks, or what is wrong with it. */
export function readAnthropic(body: Json): Question | string {
  if (typeof body['model'] !== 'string') return 'model: Field required'
  const { messages, system, max_tokens: limit, tools, tool_choice: choice, thinking, output_config: config } = body
  if (!Array.isArray(messages) || messages.length === 0) return 'messages: at least one message is required'
  const turns = messages as readonly Json[]
  const wrong = complaintAbout(turns)
  if (wrong !== undefined) return wrong
  if (isJson(thinking) && thinking['type'] === 'enabled' && !(Number(thinking['budget_tokens']) < Number(limit)))
    return '`max_tokens` must be greater than `thinking.budget_tokens`'
  let prompt = system === undefined ? '' : `${textOf(system)}\n`
  let asked = ''
  for (const { role, content } of turns) {
    const text = textOf(content)
    prompt += `${text}${blocksIn(content).map(readBlock).join('')}\n`
    if (role === 'user' && text !== '') asked = text
  }
  const last = turns.at(-1)!
  const format = isJson(config) && isJson(config['format']) ? config['format'] : undefined
  return {
    model: body['model'],
    stream: body['stream'] === true,
    prompt,
    asked,
    hasImages: turns.some(({ content }) => blocksIn(content).some(({ type }) => type === 'image')),
    outputTokensMax: positive(limit),
    tool: toolIn(tools, choice, last),
    format: format === undefined ? undefined : { schema: format['schema'] },
    ...(isJson(thinking) && { thinks: thinking['type'] !== 'disabled' }),
    said: last['role'] === 'assistant' ? textOf(last['content']) : undefined,
  }
}

const blocksIn = (content: unknown): readonly Json[] => (Array.isArray(content) ? content.filter(isJson) : [])

/** What is to be read of a block that is no text. */
function readBlock({ type, content, input, thinking }: Json): string {
  if (type === 'tool_result') return textOf(content)
  if (type === 'tool_use') return JSON.stringify(input)
  return type === 'thinking' ? String(thinking) : ''
}

function toolIn(tools: unknown, choice: unknown, last: Json): Tool | undefined {
  const isAnswered = blocksIn(last['content']).some(({ type }) => type === 'tool_result')
  if (!Array.isArray(tools) || isAnswered || (isJson(choice) && choice['type'] === 'none')) return undefined
  return firstTool(tools, isJson(choice) ? choice['name'] : undefined, 'input_schema')
}

/** The rules that are most often broken by those who translate. */
function complaintAbout(turns: readonly Json[]): string | undefined {
  if (turns[0]!['role'] === 'assistant') return 'messages: first message must use the "user" role'
  for (const [at, { role, content }] of turns.entries()) {
    if (role !== 'user' && role !== 'assistant' && role !== 'system')
      return `messages.${at}.role: Input should be 'user' or 'assistant'`
    const blocks = blocksIn(content)
    if (content === '' && at < turns.length - 1) return `messages.${at}: all messages must have non-empty content`
    if (blocks.some((block) => block['type'] === 'text' && block['text'] === ''))
      return `messages: text content blocks must be non-empty`
    const calls = blocks.filter(({ type }) => type === 'tool_use').map(({ id }) => id)
    const results = blocksIn(turns[at + 1]?.['content']).map((block) => block['tool_use_id'])
    const open = calls.find((id) => !results.includes(id))
    if (open !== undefined && at < turns.length - 1)
      return `messages.${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${JSON.stringify(open)}`
  }
  return undefined
}
