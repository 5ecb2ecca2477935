import { readFileSync } from 'node:fs'
import { type Document, isMap, isScalar, LineCounter, type Node, type Pair, parseDocument, visit } from 'yaml'
import { interpolate, type Environment } from './interpolate.ts'
import { ConfigFault, type Problem } from './problem.ts'
import type { Config } from './schema.ts'
import { parse, type ResolveOptions } from './settings.ts'

export interface Loaded {
  readonly config: Config
  /** Keys that stand there and do nothing in this version, each with its place. */
  readonly warnings: readonly Problem[]
}

export interface LoadOptions extends ResolveOptions {
  /** What to call the text in messages. */
  readonly file: string
  readonly env: Environment
}

/** Reads a configuration file. Throws a ConfigFault with everything that is wrong with it. */
export function loadConfigFile(file: string, options: Omit<LoadOptions, 'file'>): Loaded {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${(error as Error).message}`
    throw new ConfigFault([{ path: [], text: why, file }])
  }
  return loadConfig(text, { ...options, file })
}

export function loadConfig(text: string, { file, env, ...options }: LoadOptions): Loaded {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true })
  const at = (offset: number): Pick<Problem, 'line' | 'column'> => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  const syntax = document.errors.map(({ message, pos }): Problem => ({ path: [], text: message, file, ...at(pos[0]) }))
  if (syntax.length > 0) throw new ConfigFault(syntax)

  const placed = (problem: Problem): Problem => ({ ...problem, file, ...at(offsetOf(document, problem)) })
  const unset = fillIn(document, env).map((problem): Problem => ({ ...problem, file, ...at(problem.offset) }))
  if (unset.length > 0) throw new ConfigFault(unset)
  try {
    const input: unknown = document.toJS({ maxAliasCount: 100 }) ?? {}
    return { config: parse(input, options), warnings: idle(input).map(placed) }
  } catch (error) {
    if (error instanceof ConfigFault) throw new ConfigFault(error.problems.map(placed))
    // The parser refuses aliases that would unfold without bound.
    throw new ConfigFault([{ path: [], text: (error as Error).message, file, line: 1, column: 1 }])
  }
}

/** Puts the environment into scalars after parsing, so that a value can never become structure. */
function fillIn(document: Document, env: Environment): (Problem & { offset: number })[] {
  const problems: (Problem & { offset: number })[] = []
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('$')) return
      const { value, faults } = interpolate(node.value, env)
      node.value = value
      const offset = node.range?.[0] ?? 0
      for (const text of faults) problems.push({ path: [], text, offset })
    },
  })
  return problems
}

/** Where a problem stands: at its value, at its key, or at the nearest thing around it that exists. */
function offsetOf(document: Document, { path, atKey }: Problem): number {
  if (atKey === true) {
    const around: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
    if (isMap(around)) {
      const pair = around.items.find((item: Pair) => isScalar(item.key) && item.key.value === path.at(-1))
      const key = pair?.key as Node | undefined
      if (key?.range) return key.range[0]
    }
  }
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as Node | undefined
    if (node?.range) return node.range[0]
  }
  return document.contents?.range?.[0] ?? 0
}

/** What the contract knows and this version does not act on: said aloud, since a budget that is not kept costs money. */
function idle(input: unknown): Problem[] {
  const { upstreams = [], callers = [], ...rest } = input as {
    upstreams?: { models?: { preload?: unknown } }[]
    callers?: Record<string, unknown>[]
  } & Record<string, unknown>
  const problems: Problem[] = []
  const tell = (given: unknown, path: Problem['path'], text: string): void => {
    if (given !== undefined) problems.push({ path, text })
  }
  for (const [i, { models }] of upstreams.entries()) {
    tell(models?.preload, ['upstreams', i, 'models', 'preload'], 'nothing is loaded ahead by this version; models load when they are first asked for')
  }
  for (const [i, caller] of callers.entries()) {
    tell(caller['limits'], ['callers', i, 'limits'], 'limits are not enforced by this version')
    tell(caller['budget'], ['callers', i, 'budget'], 'budgets are not enforced by this version; use cloud: never to spend nothing')
  }
  tell(rest['budget'], ['budget'], 'budgets are not enforced by this version; cloud upstreams are used without a limit')
  if ((rest['cache'] as { enabled?: boolean } | undefined)?.enabled === true) tell(true, ['cache'], 'nothing is cached by this version')
  tell(rest['prices'], ['prices'], 'prices are not used by this version')
  tell(rest['data_dir'], ['data_dir'], 'this version keeps no data')
  return problems
}
