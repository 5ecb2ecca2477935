import type { Question } from '../answer.ts'
import type { Scribe, Told } from '../telling.ts'
import type { Accent } from './accents.ts'
import type { About } from './openai-chat.ts'
import { firstTool, hasImages, heard, isJson, type Json, type Message, positive, textOf } from './request.ts'

/** What a body asks, or what is wrong with it. `before` is what was said in the answer it refers to. */
export function readOpenAiResponse(body: Json, before: string, accent: Accent): Question | string {
  if (typeof body['model'] !== 'string') return accent.missing.model
  const { input, instructions, tools, tool_choice: choice, text, reasoning } = body
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : input
  if (!Array.isArray(items) || items.length === 0) return "Missing required parameter: 'input'."
  const messages = items.flatMap((item) => (isJson(item) ? [messageOf(item)] : []))
  const last = items.at(-1) as unknown
  const wanted = isJson(choice) ? choice['name'] : undefined
  const mayCall = choice !== 'none' && !(isJson(last) && last['type'] === 'function_call_output')
  const offered = Array.isArray(tools) ? tools.filter((tool) => isJson(tool) && tool['type'] === 'function') : []
  const { prompt, asked } = heard(messages)
  return {
    model: body['model'],
    stream: body['stream'] === true,
    prompt: `${before}${typeof instructions === 'string' ? `${instructions}\n` : ''}${prompt}`,
    asked,
    hasImages: hasImages(messages),
    outputTokensMax: positive(body['max_output_tokens']),
    tool: mayCall ? firstTool(offered, wanted, 'parameters') : undefined,
    format:
      isJson(text) && isJson(text['format']) && text['format']['type'] !== 'text'
        ? (text['format'] as { schema: unknown })
        : undefined,
    thinks: !(isJson(reasoning) && reasoning['effort'] === 'none'),
  }
}

function messageOf(item: Json): Message {
  const { type, role, content, output } = item
  if (type === 'function_call') return { role: 'assistant', content: '', tool_calls: [item] }
  if (type === 'function_call_output')
    return { role: 'tool', content: typeof output === 'string' ? output : textOf(output) }
  return { role: String(role), content }
}

/** One event after the other, numbered; items open and close in turn. */
export function openAiResponseScribe(question: Question, body: Json, { id, createdS: created, accent }: About): Scribe {
  const { model, tool } = question
  let number = 0
  const event = (type: string, fields: Json): string => {
    const data = JSON.stringify({ type, ...fields, sequence_number: number })
    number += 1
    return `event: ${type}\ndata: ${data}\n\n`
  }
  const response = (status: string, more: Json): Json => ({
    ...responseOf(body, { id, created, model }),
    status,
    ...more,
  })
  const begin = (): string => {
    const first = { response: response('in_progress', { output: [], usage: null }) }
    return event('response.created', first) + event('response.in_progress', first)
  }
  const items: Item[] = []
  let open: Item | undefined
  const turnTo = (kind: Item['kind']): string => {
    if (open?.kind === kind) return ''
    const closed = open === undefined ? '' : closing(open, 'completed')
    open = newItem(kind, id, items.length, tool?.name)
    items.push(open)
    const { index, wire } = open
    const added = event('response.output_item.added', { output_index: index, item: wire('in_progress', undefined) })
    if (kind === 'call') return closed + added
    const part = kind === 'text' ? partOf('') : { type: 'reasoning_text', text: '' }
    return closed + added + event('response.content_part.added', { ...placeOf(open), content_index: 0, part })
  }
  const say = (kind: Item['kind'], text: string, index: number): string => {
    const before = (index === 0 ? begin() : '') + turnTo(kind)
    open!.text += text
    const chances = kind === 'text' ? { logprobs: [] } : {}
    const where = kind === 'call' ? {} : { content_index: 0 }
    return before + event(`${kinds[kind]}.delta`, { ...placeOf(open!), ...where, delta: text, ...chances })
  }
  const closing = (item: Item, status: string): string => {
    const { kind, index, text, wire } = item
    const done = event('response.output_item.done', { output_index: index, item: wire(status, text) })
    if (kind === 'call') return event(`${kinds.call}.done`, { ...placeOf(item), arguments: text }) + done
    const place = { ...placeOf(item), content_index: 0 }
    const part = kind === 'text' ? partOf(text) : { type: 'reasoning_text', text }
    return (
      event(`${kinds[kind]}.done`, { ...place, text, ...(kind === 'text' && { logprobs: [] }) }) +
      event('response.content_part.done', { ...place, part }) +
      done
    )
  }
  const ended = (told: Told): Json => {
    const isCut = told.answer.finish === 'length'
    const output = items.map(({ wire, text }) => wire(isCut ? 'incomplete' : 'completed', text))
    const details = { incomplete_details: isCut ? { reason: 'max_output_tokens' } : null }
    return response(isCut ? 'incomplete' : 'completed', { output, ...details, usage: usageOf(told) })
  }
  return {
    streamType: 'text/event-stream; charset=utf-8',
    head: accent.head,
    thought: (text, index) =>
      accent.reasoning === undefined ? (index === 0 ? begin() : '') : say('thought', text, index),
    token: (text, index) => say(tool === undefined ? 'text' : 'call', text, index),
    closing(told) {
      const isCut = told.answer.finish === 'length'
      const last = open === undefined ? '' : closing(open, isCut ? 'incomplete' : 'completed')
      return last + event(isCut ? 'response.incomplete' : 'response.completed', { response: ended(told) })
    },
    trouble: () => {
      const error = { code: 'server_error', message: 'The engine broke down.' }
      return event('response.failed', { response: response('failed', { output: [], error, usage: null }) })
    },
    whole({ text, thought }, told) {
      if (thought !== '' && accent.reasoning !== undefined) say('thought', thought, 1)
      if (text !== '') say(tool === undefined ? 'text' : 'call', text, 1)
      return JSON.stringify(ended(told))
    },
    refusal: (status) => ({ status, text: accent.error(status, 'The engine broke down.') }),
  }
}

interface Item {
  readonly kind: 'text' | 'thought' | 'call'
  readonly id: string
  readonly index: number
  text: string
  /** As it is written, with the text once that is all there. */
  readonly wire: (status: string, text: string | undefined) => Json
}

const kinds: Readonly<Record<Item['kind'], string>> = {
  text: 'response.output_text',
  thought: 'response.reasoning_text',
  call: 'response.function_call_arguments',
}

const placeOf = ({ id, index }: Item): Json => ({ item_id: id, output_index: index })

const partOf = (text: string): Json => ({ type: 'output_text', annotations: [], logprobs: [], text })

function newItem(kind: Item['kind'], responseId: string, index: number, toolName: string | undefined): Item {
  const id = `${{ text: 'msg', thought: 'rs', call: 'fc' }[kind]}_${responseId}_${index}`
  const wire = (status: string, text: string | undefined): Json => {
    if (kind === 'call') {
      return {
        id,
        type: 'function_call',
        status,
        call_id: `call_${responseId}_${index}`,
        name: toolName,
        arguments: text ?? '',
      }
    }
    if (kind === 'thought')
      return {
        id,
        type: 'reasoning',
        summary: [],
        content: text === undefined ? [] : [{ type: 'reasoning_text', text }],
        status,
      }
    return { id, type: 'message', status, role: 'assistant', content: text === undefined ? [] : [partOf(text)] }
  }
  return { kind, id, index, text: '', wire }
}

function responseOf(body: Json, { id, created, model }: { id: string; created: number; model: string }): Json {
  return {
    id,
    object: 'response',
    created_at: created,
    error: null,
    incomplete_details: null,
    instructions: body['instructions'] ?? null,
    max_output_tokens: body['max_output_tokens'] ?? null,
    model,
    parallel_tool_calls: body['parallel_tool_calls'] ?? true,
    previous_response_id: body['previous_response_id'] ?? null,
    reasoning: body['reasoning'] ?? { effort: null, summary: null },
    store: body['store'] ?? true,
    temperature: body['temperature'] ?? 1,
    text: body['text'] ?? { format: { type: 'text' } },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: body['tools'] ?? [],
    top_p: body['top_p'] ?? 1,
    truncation: body['truncation'] ?? 'disabled',
    metadata: body['metadata'] ?? {},
  }
}

const usageOf = ({ run, answer }: Told): Json => ({
  input_tokens: run.job.promptTokens,
  input_tokens_details: { cached_tokens: run.cachedTokens },
  output_tokens: run.said,
  output_tokens_details: { reasoning_tokens: Math.min(answer.thoughts, run.said) },
  total_tokens: run.job.promptTokens + run.said,
})
