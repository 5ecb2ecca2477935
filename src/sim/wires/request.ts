import type { Tool } from '../answer.ts'
import { tagOf } from '../recital.ts'

export type Json = Record<string, unknown>

export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export interface Message {
  readonly role: string
  readonly content: unknown
  readonly tool_calls?: unknown
  readonly images?: unknown
}

/** The text of a message, whichever way it is packed. */
export function textOf(content: unknown): string {
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

/** What the assistant is to carry on: the text of a last message that is its own. */
export function begun(messages: readonly Message[]): string | undefined {
  const last = messages.at(-1)
  return last?.role === 'assistant' && last.tool_calls === undefined ? textOf(last.content) : undefined
}

/** What a plain text asks, and the words of its answer that it ends with already, if it does. */
export function begunText(prompt: string): { readonly asked: string; readonly said: string | undefined } {
  for (const { 1: tag, index } of prompt.matchAll(firstWords)) {
    const asked = prompt.slice(0, index)
    if (tagOf(asked) === tag) return { asked, said: prompt.slice(index) }
  }
  return { asked: prompt, said: undefined }
}

/** The first word of a recital, behind the tag of what was asked. */
const firstWords = /([a-z0-9]{1,7})\.0 /g

export const hasImages = (messages: readonly Message[]): boolean =>
  messages.some(
    ({ content, images }) =>
      (Array.isArray(images) && images.length > 0) || (Array.isArray(content) && content.some(isImage)),
  )

const isImage = (piece: unknown): boolean => isJson(piece) && imageTypes.has(piece['type'])

const imageTypes: ReadonlySet<unknown> = new Set(['image_url', 'image', 'input_image'])

/** The first tool on offer is called, once: after its result comes an answer in words. */
export function toolToCall(body: Json, messages: readonly Message[]): Tool | undefined {
  const { tools, tool_choice: choice } = body
  if (!Array.isArray(tools) || choice === 'none' || messages.at(-1)?.role === 'tool') return undefined
  const wanted = isJson(choice) && isJson(choice['function']) ? choice['function']['name'] : undefined
  const functions = tools.flatMap((tool) => (isJson(tool) && isJson(tool['function']) ? [tool['function']] : []))
  return firstTool(functions, wanted, 'parameters')
}

/** Of tools that have their schema in this field, the one that is wanted, or the first. */
export function firstTool(tools: readonly unknown[], wanted: unknown, field: string): Tool | undefined {
  for (const tool of tools) {
    if (!isJson(tool) || typeof tool['name'] !== 'string') continue
    if (wanted === undefined || wanted === tool['name']) return { name: tool['name'], parameters: tool[field] }
  }
  return undefined
}

export const positive = (value: unknown): number | undefined =>
  typeof value === 'number' && value > 0 ? value : undefined

/** Arguments that were cut off by the limit are no JSON; a server that must give an object then gives an empty one. */
export function argumentsIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
