import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { interpolate, type Surroundings } from './interpolate.ts'
import { typesAt } from './json-schema.ts'
import { ConfigFault, type Path, type Problem } from './problem.ts'
import type { Config } from './schema.ts'
import { inspect, type ResolveOptions, shownBut } from './settings.ts'
import { nowhere } from './shape.ts'
import { warnings } from './warnings.ts'
import { YamlText } from './yaml-text.ts'

export interface Loaded {
  readonly config: Config
  /** What stands there and does nothing in this version, each with its place. */
  readonly warnings: readonly Problem[]
  /** Values that came from the environment. None of them is ever shown. */
  readonly secrets: ReadonlySet<string>
  /** Of the text as it stands: what `sha256sum` says of the file. */
  readonly hash: string
}

export interface LoadOptions extends Omit<ResolveOptions, 'secrets'> {
  /** What to call the text in messages. Relative references to files start in its folder. */
  readonly file: string
  readonly env: Surroundings['env']
}

/** Reads a configuration file. Throws a ConfigFault with everything that is wrong with it. */
export function loadConfigFile(file: string, options: Omit<LoadOptions, 'file'>): Loaded {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code ?? 'error'})`
    throw new ConfigFault([{ path: [], text: why, file }])
  }
  return loadConfig(text, { ...options, file })
}

export function loadConfig(text: string, { file, env, backends, hasKeys }: LoadOptions): Loaded {
  const yaml = new YamlText(text, file)
  if (yaml.broken.length > 0) throw new ConfigFault(inOrder(yaml.broken))

  const { secrets, unset } = fillIn(yaml, { env, folder: dirname(file) })
  const result = inspect(yaml.data(), { backends, secrets, hasKeys })
  const found = 'problems' in result ? result.problems : []
  const problems = [...yaml.slips, ...unset, ...found.map((problem) => yaml.placed(problem))]
  if ('problems' in result || problems.length > 0) throw new ConfigFault(inOrder(problems))
  const { config } = result
  const placed = warnings(config, shownBut(secrets)).map((one) => yaml.placed(one))
  return { config, warnings: inOrder(placed), secrets, hash: createHash('sha256').update(text).digest('hex') }
}

/** Puts the environment into values after parsing, so that nothing in it can become structure. */
function fillIn(yaml: YamlText, around: Surroundings): { secrets: Set<string>; unset: Problem[] } {
  const secrets = new Set<string>()
  const unset: Problem[] = []
  for (const leaf of yaml.leaves()) {
    if (!leaf.text.includes('$')) continue
    const { value, faults } = interpolate(leaf.text, around)
    leaf.set(faults.length > 0 ? nowhere : typed(value, leaf.path))
    if (leaf.text.includes('${')) secrets.add(value)
    for (const { reference, text } of faults) unset.push(leaf.problem(text, reference))
  }
  return { secrets, unset }
}

/** The environment knows only text. Where the schema wants a number or a yes, text that is one becomes one. */
function typed(value: string, path: Path): unknown {
  const types = typesAt(path)
  if (/^-?\d+(\.\d+)?$/.test(value) && (types.has('integer') || types.has('number'))) return Number(value)
  if (/^(true|false)$/.test(value) && types.has('boolean')) return value === 'true'
  return value
}

const inOrder = (problems: readonly Problem[]): Problem[] =>
  problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
