import { readFileSync } from 'node:fs'
import { ConfigFault, type Path, type Problem } from '../config/problem.ts'
import { YamlText } from '../config/yaml-text.ts'
import type { EngineSpec } from '../sim/engine-spec.ts'
import type { ServerOptions } from '../sim/server-spec.ts'

/** Machines as they are kept in a file: a number is changed by hand, and a server that nobody has is written down. */
export type Machines = ReadonlyMap<string, ServerOptions>

interface Figure {
  readonly key: string
  readonly of: 'server' | 'engine'
  readonly name: keyof ServerOptions | keyof EngineSpec
  readonly is: 'time' | 'rate' | 'count' | 'yes or no' | 'steps'
}

/** All that can be said of a machine. */
const figures: readonly Figure[] = [
  { key: 'slots', of: 'engine', name: 'slots', is: 'count' },
  { key: 'prefill_tokens_per_second', of: 'engine', name: 'prefillTokensPerSecond', is: 'rate' },
  { key: 'prefill_ms', of: 'engine', name: 'prefillMs', is: 'time' },
  { key: 'prefill_stalls', of: 'engine', name: 'prefillStalls', is: 'yes or no' },
  { key: 'step_ms', of: 'engine', name: 'stepMs', is: 'steps' },
  { key: 'network_ms', of: 'server', name: 'networkMs', is: 'time' },
  { key: 'network_spread', of: 'server', name: 'networkSpread', is: 'time' },
  { key: 'models_at_once', of: 'engine', name: 'loadedMax', is: 'count' },
  { key: 'load_ms', of: 'engine', name: 'loadMs', is: 'time' },
  { key: 'cache_blocks', of: 'engine', name: 'cacheBlocks', is: 'time' },
  { key: 'memory_tokens', of: 'engine', name: 'memoryTokens', is: 'count' },
]

/** As YAML, a server a group. */
export function machineFileOf(machines: Machines, remarks: readonly string[] = []): string {
  const lines = [...remarks.map((remark) => `# ${remark}`), 'upstreams:']
  for (const [name, machine] of machines) {
    const known = figures.filter((figure) => valueOf(machine, figure) !== undefined)
    lines.push(`  ${JSON.stringify(name)}:${known.length === 0 ? ' {}' : ''}`)
    for (const figure of known)
      lines.push(`    ${figure.key}: ${JSON.stringify(valueOf(machine, figure)).replaceAll(',', ', ')}`)
  }
  if (machines.size === 0) lines.push('  {}')
  return `${lines.join('\n')}\n`
}

const valueOf = (machine: ServerOptions, { of, name }: Figure): unknown =>
  of === 'server' ? machine[name as keyof ServerOptions] : machine.engine?.[name as keyof EngineSpec]

/** Throws a ConfigFault with everything that is wrong, each with its place. */
export function readMachineFile(file: string): Machines {
  try {
    return machinesIn(readFileSync(file, 'utf8'), file)
  } catch (error) {
    if (error instanceof ConfigFault) throw error
    const { code = 'error' } = error as NodeJS.ErrnoException
    throw new ConfigFault([{ path: [], text: `cannot be read (${code})`, file }])
  }
}

export function machinesIn(text: string, file: string): Machines {
  const yaml = new YamlText(text, file)
  if (yaml.broken.length > 0) throw new ConfigFault(yaml.broken)
  const problems: Problem[] = []
  const root = yaml.data()
  const upstreams = isGroup(root) ? root['upstreams'] : undefined
  if (!isGroup(upstreams))
    problems.push({ path: [], text: 'begins with `upstreams:`, and has a group of figures for each' })
  else if (isGroup(root)) problems.push(...strangers(root, [], new Set(['upstreams'])))
  const machines = Object.entries(isGroup(upstreams) ? upstreams : {}).map(([name, value]): [string, ServerOptions] => [
    name,
    machineOf(value, ['upstreams', name], problems),
  ])
  const all = [...yaml.slips, ...problems.map((problem) => yaml.placed(problem))]
  if (all.length > 0) throw new ConfigFault(all)
  return new Map(machines)
}

function machineOf(value: unknown, path: Path, problems: Problem[]): ServerOptions {
  if (!isGroup(value)) {
    problems.push({ path, text: `is a group of figures: ${figures.map(({ key }) => key).join(', ')}` })
    return {}
  }
  problems.push(...strangers(value, path, new Set(figures.map(({ key }) => key))))
  const server: Record<string, unknown> = {}
  const engine: Record<string, unknown> = {}
  for (const { key, of, name, is } of figures) {
    const figure = value[key]
    if (figure === undefined) continue
    const wrong = wrongWith[is](figure)
    if (wrong !== undefined) problems.push({ path: [...path, key], text: wrong })
    ;(of === 'server' ? server : engine)[name] = figure
  }
  return { ...server, engine }
}

const strangers = (group: Group, path: Path, known: ReadonlySet<string>): Problem[] =>
  Object.keys(group)
    .filter((key) => !known.has(key))
    .map((key) => ({
      path: [...path, key],
      atKey: true,
      text: `is not known here; known are ${[...known].join(', ')}`,
    }))

const wrongWith: Readonly<Record<Figure['is'], (value: unknown) => string | undefined>> = {
  time: (value) => (isNumber(value) && value >= 0 ? undefined : 'is a number, 0 or more'),
  rate: (value) => (isNumber(value) && value > 0 ? undefined : 'is a number above 0'),
  count: (value) =>
    Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : 'is a whole number, 1 or more',
  'yes or no': (value) => (typeof value === 'boolean' ? undefined : 'is true or false'),
  steps: (value) => (areSteps(value) ? undefined : stepsAre),
}

const stepsAre =
  'is a list of pairs, each of how many speak at once and how many milliseconds a step takes then, in rising order: [[1, 24], [4, 54]]'

function areSteps(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false
  let before = -1
  return (value as unknown[]).every((pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) return false
    const [running, ms] = pair as unknown[]
    if (!isNumber(running) || !isNumber(ms) || running <= before || ms < 0) return false
    before = running
    return true
  })
}

type Group = Readonly<Record<string, unknown>>

const isGroup = (value: unknown): value is Group => typeof value === 'object' && value !== null && !Array.isArray(value)

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
