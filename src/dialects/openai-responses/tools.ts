import { isObject, type Json } from '../../core/json.ts'
import type { Tool, ToolChoice } from '../../core/prompt.ts'
import { known, listIn, objectIn, optionalFlag, optionalObject, optionalText, refuse, textIn } from '../fields.ts'
import { parsed } from '../members.ts'

/** What may be called, and what must be. */
export interface Offer {
  readonly tools: readonly Tool[]
  readonly toolChoice: ToolChoice | undefined
}

/**
 * Reads the tools that a model can be told of: functions, and tools that take free text. Those that only OpenAI itself can
 * run, like its search of the web, are left out, so that agents that always offer them can be served.
 */
export function readOffer(body: Json): Offer {
  const listed = listIn(body['tools'], 'tools')
  const tools = listed.flatMap(readTool)
  const isLeftOut = listed.length > 0 && tools.length === 0
  const choice = body['tool_choice']
  if (!isObject(choice) || choice['type'] !== 'allowed_tools') {
    return { tools, toolChoice: readChoice(choice, 'tool_choice', isLeftOut) }
  }
  const names = new Set(listIn(choice['tools'], 'tool_choice.tools').map((tool) => isObject(tool) && tool['name']))
  const allowed = tools.filter(({ name }) => names.has(name))
  return {
    tools: allowed,
    toolChoice: readChoice(choice['mode'] ?? 'auto', 'tool_choice.mode', allowed.length === 0),
  }
}

function readTool(value: unknown, index: number): Tool[] {
  const field = `tools[${index}]`
  const tool = objectIn(value, field)
  if (tool['type'] !== 'function' && tool['type'] !== 'custom') return []
  const name = textIn(tool['name'], `${field}.name`)
  const description = optionalText(tool['description'], `${field}.description`)
  if (tool['type'] === 'custom') {
    return [
      { name, description: freeTextDescription(description, tool['format']), parameters: freeText, strict: undefined },
    ]
  }
  return [
    {
      name,
      description,
      parameters: optionalObject(tool['parameters'], `${field}.parameters`),
      strict: optionalFlag(tool['strict'], `${field}.strict`),
    },
  ]
}

function readChoice(choice: unknown, field: string, isLeftOut: boolean): ToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined
  if (choice === 'required' && isLeftOut)
    throw refuse(`${field}: none of the tools can be given to the server for this model.`)
  // Without tools there is nothing to choose, and servers refuse the word.
  if (choice === 'auto' || choice === 'none' || choice === 'required') return isLeftOut ? undefined : { type: choice }
  if (isObject(choice)) {
    const { type, name } = choice
    if ((type === 'function' || type === 'custom') && typeof name === 'string') return { type: 'tool', name }
    throw refuse(`${field}: a tool of type ${JSON.stringify(type)} cannot be given to the server for this model.`)
  }
  throw refuse(`${field} must be "none", "auto", "required" or {"type": "function", "name": …}.`)
}

export const writeTool = ({ name, description, parameters, strict }: Tool): Json =>
  known({ type: 'function', name, description, parameters, strict })

export const writeToolChoice = (choice: ToolChoice): unknown =>
  choice.type === 'tool' ? { type: 'function', name: choice.name } : choice.type

/** A tool that takes free text is told to the model as a function with a single argument, and its calls are told back. */
const freeText: Json = {
  type: 'object',
  properties: { input: { type: 'string' } },
  required: ['input'],
  additionalProperties: false,
}

/** Nobody but OpenAI can hold a model to a grammar, so the model is shown it. */
function freeTextDescription(description: string | undefined, format: unknown): string | undefined {
  if (!isObject(format) || typeof format['definition'] !== 'string') return description
  const { syntax, definition } = format
  const rule = `The input must match this ${typeof syntax === 'string' ? `${syntax} ` : ''}grammar:\n${definition}`
  return description === undefined ? rule : `${description}\n\n${rule}`
}

/** The names of the tools in a request that take free text. */
export function freeTextTools(body: Json | undefined): ReadonlySet<string> {
  const tools = body?.['tools']
  if (!Array.isArray(tools)) return none
  const names = new Set<string>()
  for (const tool of tools as unknown[]) {
    if (isObject(tool) && tool['type'] === 'custom' && typeof tool['name'] === 'string') names.add(tool['name'])
  }
  return names.size === 0 ? none : names
}

const none: ReadonlySet<string> = new Set()

export const argumentsOfFreeText = (input: string): string => JSON.stringify({ input })

/** Arguments that are not as they should be go to the tool as they are: it knows best what is wrong with them. */
export function freeTextOf(args: string): string {
  const read = parsed(args)
  return isObject(read) && typeof read['input'] === 'string' ? read['input'] : args
}
