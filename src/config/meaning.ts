import { isObject, type Json } from '../core/json.ts'
import { type Address, isLoopback, readAddress, usualAdminListen, usualListen } from './address.ts'
import type { Path, Problem } from './problem.ts'
import { suggestion } from './suggest.ts'

export interface MeaningOptions {
  /** Every kind of server that there is. */
  readonly kinds: readonly string[]
  /** A value in quotes, or words for it when it must not be shown. */
  readonly shown: (value: string) => string
  /** Callers have keys that are not in the configuration, or whoever asks sees to that. */
  readonly hasKeys?: boolean | undefined
}

/**
 * What is wrong although each value has its shape: names that clash, ports open to strangers, kinds nobody knows.
 * It reads what was written, not what the schema made of it, so that one fault does not hide another.
 */
export function meaningProblems(input: unknown, { kinds, shown, hasKeys = false }: MeaningOptions): Problem[] {
  const config = isObject(input) ? input : {}
  const upstreams = groupsIn(config['upstreams'])
  const callers = groupsIn(config['callers'])
  return [
    ...twice(upstreams, 'upstreams', 'name', (name) => `the name ${shown(name)}`),
    ...twice(callers, 'callers', 'name', (name) => `the name ${shown(name)}`),
    // Never the key itself: this text goes to terminals and logs.
    ...twice(callers, 'callers', 'key', () => 'this key'),
    ...upstreams.flatMap(([i, { kind }]) =>
      typeof kind === 'string' && kind !== '' && !kinds.includes(kind)
        ? [{ path: ['upstreams', i, 'kind'], text: unknownKind(kind, kinds, shown) }]
        : [],
    ),
    ...teamProblems(config, callers, shown),
    ...doorProblems(config, shown, hasKeys),
  ]
}

function teamProblems({ teams }: Json, callers: readonly Group[], shown: MeaningOptions['shown']): Problem[] {
  const known = isObject(teams) ? Object.keys(teams) : []
  return callers.flatMap(([i, { team }]): Problem[] => {
    if (typeof team !== 'string' || team === '' || known.includes(team)) return []
    const hint = known.length === 0 ? 'list it under teams' : suggestion(team, known)
    return [{ path: ['callers', i, 'team'], text: `there is no team ${shown(team)}; ${hint}` }]
  })
}

type Group = readonly [index: number, group: Json]

const groupsIn = (list: unknown): readonly Group[] =>
  Array.isArray(list) ? [...list.entries()].filter((entry): entry is [number, Json] => isObject(entry[1])) : []

function twice(groups: readonly Group[], list: string, key: string, called: (value: string) => string): Problem[] {
  const seen = new Set<string>()
  const problems: Problem[] = []
  for (const [i, { [key]: value }] of groups) {
    if (typeof value !== 'string' || value === '') continue
    if (seen.has(value))
      problems.push({ path: [list, i, key], text: `${called(value)} is used twice; give each its own` })
    seen.add(value)
  }
  return problems
}

/** A port that strangers can reach asks for keys, or is not opened. */
function doorProblems(config: Json, shown: MeaningOptions['shown'], hasKeys: boolean): Problem[] {
  const problems: Problem[] = []
  const tell = (path: Path, text: string): void => void problems.push({ path, text })
  const admin = isObject(config['admin']) ? config['admin'] : {}
  const [listen, adminListen] = [config['listen'] ?? usualListen, admin['listen'] ?? usualAdminListen].map((text) =>
    typeof text === 'string' ? readAddress(text) : undefined,
  )
  const { callers, anonymous } = config
  const isForAnyone = callers === undefined || (Array.isArray(callers) && callers.length === 0)
  const isMeant = isObject(anonymous) && anonymous['allowed'] === true
  if (listen !== undefined && !isLoopback(listen.host) && isForAnyone && !isMeant && !hasKeys) {
    tell(
      ['listen'],
      `${shown(String(config['listen']))} can be reached from other machines, and anyone there could ask; ` +
        'list callers with keys, make a key with "spillway keys create NAME", or listen on 127.0.0.1',
    )
  }
  if (adminListen !== undefined && !isLoopback(adminListen.host) && admin['token'] === undefined) {
    tell(
      ['admin', 'listen'],
      `${shown(String(admin['listen']))} can be reached from other machines; set admin.token, or listen on 127.0.0.1`,
    )
  }
  if (listen !== undefined && adminListen !== undefined && clash(listen, adminListen)) {
    if (admin['listen'] === undefined) tell(['listen'], "is the operator's port too; set admin.listen to another one")
    else tell(['admin', 'listen'], "is the callers' port too; give the operator's another one, as in 127.0.0.1:11401")
  }
  return problems
}

/** Whoever listens on a port of all addresses has it on each of them. */
const clash = (one: Address, other: Address): boolean =>
  one.port === other.port &&
  one.port !== 0 &&
  (one.host === other.host || isEverywhere(one.host) || isEverywhere(other.host))

const isEverywhere = (host: string): boolean => host === '0.0.0.0' || host === '::'

/** What people call servers that are known here under another name. */
const alsoCalled: Readonly<Record<string, string>> = {
  'llama.cpp': 'llamacpp',
  'llama-cpp': 'llamacpp',
  'llama-server': 'llamacpp',
  'lm-studio': 'lmstudio',
  'text-generation-inference': 'tgi',
  claude: 'anthropic',
}

function unknownKind(kind: string, kinds: readonly string[], shown: MeaningOptions['shown']): string {
  const meant = Object.hasOwn(alsoCalled, kind.toLowerCase()) ? alsoCalled[kind.toLowerCase()] : undefined
  if (meant !== undefined && kinds.includes(meant)) return `there is no kind ${shown(kind)}; write kind: ${meant}`
  return (
    `there is no kind ${shown(kind)}; ${suggestion(kind, kinds)}. ` +
    "For another server with OpenAI's API write openai-compatible"
  )
}
