import type { Tool } from '../answer.ts'

type Json = Record<string, unknown>

export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export interface Message {
  readonly role: string
  readonly content: unknown
  readonly tool_calls?: unknown
}

/** The text of a message, whichever way it is packed. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .flatMap((piece) => (isJson(piece) && typeof piece['text'] === 'string' ? [piece['text']] : []))
    .join('\n')
}

/** All that must be read, and the last thing the user said. */
export function heard(messages: readonly Message[]): { readonly prompt: string; readonly asked: string } {
  let prompt = ''
  let asked = ''
  for (const { role, content, tool_calls: calls } of messages) {
    const text = textOf(content)
    prompt += `${text}\n`
    if (Array.isArray(calls)) prompt += JSON.stringify(calls)
    if (role === 'user') asked = text
  }
  return { prompt, asked }
}

/** The first tool on offer is called, once: after its result comes an answer in words. */
export function toolToCall(body: Json, messages: readonly Message[]): Tool | undefined {
  const { tools, tool_choice: choice } = body
  if (!Array.isArray(tools) || choice === 'none' || messages.at(-1)?.role === 'tool') return undefined
  const wanted = isJson(choice) && isJson(choice['function']) ? choice['function']['name'] : undefined
  for (const tool of tools as unknown[]) {
    const fn = isJson(tool) ? tool['function'] : undefined
    if (!isJson(fn) || typeof fn['name'] !== 'string') continue
    if (wanted === undefined || wanted === fn['name']) return { name: fn['name'], parameters: fn['parameters'] }
  }
  return undefined
}

export const positive = (value: unknown): number | undefined =>
  typeof value === 'number' && value > 0 ? value : undefined
