import { isObject, type Json } from '../core/json.ts'
import { changed, type Changes, refusal } from './trim.ts'

/**
 * LM Studio takes the choice of a tool only as a word. To have one tool called, that one is the only one there is, and it
 * must be called; the same goes for a choice of some of them.
 */
export function oneTool(dialect: string, body: Json, changes: Changes | undefined): Changes | undefined {
  const { tool_choice: choice, tools } = body
  if (!isObject(choice) || (dialect !== 'openai-chat' && dialect !== 'openai-responses')) return changes
  const names = choice['type'] === 'allowed_tools' ? namesIn(choice) : [nameOf(choice)]
  const mode = choice['type'] === 'allowed_tools' && modeOf(choice) === 'auto' ? 'auto' : 'required'
  const chosen = Array.isArray(tools) ? (tools as unknown[]).filter((tool) => names.includes(nameOf(tool))) : []
  if (chosen.length === 0) throw refusal('tool_choice', 'must name one of the tools')
  const made = changed(changes, 'tool_choice', mode)
  return chosen.length === (tools as unknown[]).length ? made : changed(made, 'tools', chosen)
}

/** As chat says it, with a function inside, or as responses do, without. */
function nameOf(tool: unknown): unknown {
  if (!isObject(tool)) return undefined
  const { function: inner } = tool
  return isObject(inner) ? inner['name'] : tool['name']
}

/** Chat has the list within a group of the same name. */
const groupOf = (choice: Json): Json => (isObject(choice['allowed_tools']) ? choice['allowed_tools'] : choice)

const modeOf = (choice: Json): unknown => groupOf(choice)['mode']

function namesIn(choice: Json): readonly unknown[] {
  const { tools } = groupOf(choice)
  return Array.isArray(tools) ? tools.map(nameOf) : []
}
