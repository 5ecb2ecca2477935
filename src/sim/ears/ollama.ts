import type { Heard } from './heard.ts'

interface OllamaAnswer {
  readonly error?: unknown
  readonly model?: string
  readonly message?: {
    readonly content?: string
    readonly thinking?: string
    readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: object } }[]
  }
  /** In a completion of a plain text. */
  readonly response?: string
  readonly thinking?: string
  readonly done?: boolean
  readonly done_reason?: string
  readonly eval_count?: number
}

export function ollamaFrame(frame: string, heard: Heard): void {
  const answer = JSON.parse(frame) as OllamaAnswer
  const { error, model, message, done, done_reason: reason, eval_count: count } = answer
  if (error !== undefined) throw new Error('An error went through as part of the answer.')
  heard.model = model
  heard.text += message?.content ?? answer.response ?? ''
  heard.thought += message?.thinking ?? answer.thinking ?? ''
  for (const call of message?.tool_calls ?? []) {
    heard.toolName = call.function.name
    heard.toolArguments += JSON.stringify(call.function.arguments)
  }
  if (done !== true) return
  heard.whole = true
  heard.finish = reason
  if (count === undefined) return
  heard.counted += 1
  heard.outputTokens = count
}
