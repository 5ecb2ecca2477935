import type { Heard } from './heard.ts'

interface OpenAiMessage {
  readonly content?: string | null
  readonly reasoning?: string | null
  readonly reasoning_content?: string | null
  readonly tool_calls?: null | readonly { readonly function: { readonly name?: string; readonly arguments?: string } }[]
}

interface OpenAiAnswer {
  readonly error?: unknown
  readonly model?: string
  readonly choices: readonly {
    readonly delta?: OpenAiMessage
    readonly message?: OpenAiMessage
    /** In a completion of a plain text. */
    readonly text?: string
    readonly finish_reason: string | null
  }[]
  readonly usage?: { readonly completion_tokens: number } | null
}

export function openAiFrame(frame: string, heard: Heard): void {
  if (frame.startsWith(':')) return
  if (!frame.startsWith('data: ')) throw new Error('A frame without data.')
  const data = frame.slice(6)
  if (data === '[DONE]') heard.whole = heard.finish !== undefined
  else openAiAnswer(JSON.parse(data) as OpenAiAnswer, heard)
}

export function openAiWhole(text: string, heard: Heard): void {
  openAiAnswer(JSON.parse(text) as OpenAiAnswer, heard)
  heard.whole = heard.finish !== undefined
}

function openAiAnswer({ error, model, choices, usage }: OpenAiAnswer, heard: Heard): void {
  if (error !== undefined) throw new Error('An error went through as part of the answer.')
  heard.model = model
  const choice = choices[0]
  if (choice !== undefined) {
    const message = choice.delta ?? choice.message
    heard.text += message?.content ?? choice.text ?? ''
    heard.thought += message?.reasoning ?? message?.reasoning_content ?? ''
    for (const call of message?.tool_calls ?? []) {
      heard.toolName ??= call.function.name
      heard.toolArguments += call.function.arguments ?? ''
    }
    heard.finish = choice.finish_reason ?? heard.finish
  }
  if (usage === undefined || usage === null) return
  heard.counted += 1
  heard.outputTokens = usage.completion_tokens
}
