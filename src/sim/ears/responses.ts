import type { Heard } from './heard.ts'

interface Item {
  readonly type: string
  readonly name?: string
  readonly arguments?: string
  readonly content?: readonly { readonly type: string; readonly text: string }[]
}

interface Response {
  readonly status: string
  readonly model?: string
  readonly output: readonly Item[]
  readonly usage?: { readonly output_tokens: number } | null
}

interface Event {
  readonly type: string
  readonly sequence_number: number
  readonly delta?: string
  readonly item?: Item
  readonly response?: Response
}

export function responseEvent(frame: string, heard: Heard): void {
  if (frame.startsWith(':')) return
  const [, name, data] = /^event: (\S+)\ndata: (.+)$/.exec(frame) ?? []
  if (name === undefined || data === undefined) throw new Error('An event without name or data.')
  const event = JSON.parse(data) as Event
  if (event.type !== name) throw new Error('An event goes by two names.')
  switch (name) {
    case 'error':
    case 'response.failed':
      throw new Error('An error went through as part of the answer.')
    case 'response.created':
      heard.model = event.response?.model
      return
    case 'response.output_item.added':
      if (event.item?.type === 'function_call') heard.toolName ??= event.item.name
      return
    case 'response.output_text.delta':
      heard.text += event.delta ?? ''
      return
    case 'response.reasoning_text.delta':
    case 'response.reasoning_summary_text.delta':
      heard.thought += event.delta ?? ''
      return
    case 'response.function_call_arguments.delta':
      heard.toolArguments += event.delta ?? ''
      return
    case 'response.completed':
    case 'response.incomplete':
      ended(event.response!, heard)
  }
}

export function responseWhole(text: string, heard: Heard): void {
  const response = JSON.parse(text) as Response
  heard.model = response.model
  for (const { type, name, arguments: args, content } of response.output) {
    const said = content?.map((part) => part.text).join('') ?? ''
    if (type === 'message') heard.text += said
    if (type === 'reasoning') heard.thought += said
    if (type !== 'function_call') continue
    heard.toolName = name
    heard.toolArguments += args ?? ''
  }
  ended(response, heard)
}

function ended({ status, usage }: Response, heard: Heard): void {
  heard.finish = status
  heard.whole = true
  if (usage === undefined || usage === null) return
  heard.counted += 1
  heard.outputTokens = usage.output_tokens
}
