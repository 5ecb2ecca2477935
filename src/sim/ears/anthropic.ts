import type { Heard } from './heard.ts'

interface Block {
  readonly type: string
  readonly text?: string
  readonly thinking?: string
  readonly name?: string
  readonly input?: object
}

interface Message {
  readonly type: string
  readonly model?: string
  readonly content: readonly Block[]
  readonly stop_reason?: string | null
  readonly usage: { readonly output_tokens: number }
}

interface Event {
  readonly type: string
  readonly message?: Message
  readonly content_block?: Block
  readonly index?: number
  readonly delta?: {
    readonly text?: string
    readonly thinking?: string
    readonly partial_json?: string
    readonly stop_reason?: string
  }
  readonly usage?: { readonly output_tokens: number }
}

/** The name of an event counts, as it does for the official client; what has none is not heard. */
export function anthropicEvent(frame: string, heard: Heard): void {
  if (frame.startsWith(':')) return
  const [, name, data] = /^event: (\S+)\ndata: (.+)$/.exec(frame) ?? []
  if (name === undefined || data === undefined) throw new Error('An event without name or data.')
  const event = JSON.parse(data) as Event
  if (event.type !== name) throw new Error('An event goes by two names.')
  const { message, content_block: block, delta } = event
  switch (name) {
    case 'error':
      throw new Error('An error went through as part of the answer.')
    case 'message_start':
      heard.model = message?.model
      return
    case 'content_block_start':
      if (block?.type === 'tool_use') heard.toolName ??= block.name
      return
    case 'content_block_delta':
      heard.text += delta?.text ?? ''
      heard.thought += delta?.thinking ?? ''
      heard.toolArguments += delta?.partial_json ?? ''
      return
    case 'message_delta':
      heard.finish = delta?.stop_reason
      heard.counted += 1
      heard.outputTokens = event.usage?.output_tokens
      return
    case 'message_stop':
      heard.whole = heard.finish !== undefined
  }
}

export function anthropicWhole(text: string, heard: Heard): void {
  const { type, model, content, stop_reason: reason, usage } = JSON.parse(text) as Message
  if (type === 'error') throw new Error('An error went through as part of the answer.')
  heard.model = model
  for (const block of content) {
    heard.text += block.text ?? ''
    heard.thought += block.thinking ?? ''
    if (block.type !== 'tool_use') continue
    heard.toolName = block.name
    heard.toolArguments += JSON.stringify(block.input)
  }
  heard.finish = reason ?? undefined
  heard.whole = heard.finish !== undefined
  heard.counted += 1
  heard.outputTokens = usage.output_tokens
}
