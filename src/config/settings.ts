import { backends as known } from '../backends/index.ts'
import type { Caller } from '../core/ask.ts'
import type { Backend } from '../core/backend.ts'
import type { Settings, UpstreamSettings } from '../core/settings.ts'
import { type Address, isLoopback, readAddress } from './address.ts'
import { ConfigFault, type Problem } from './problem.ts'
import { type Config, type ConfigInput, schema } from './schema.ts'
import { shapeProblems } from './shape.ts'
import { readUrl } from './url.ts'

export interface ResolveOptions {
  /** Kinds of server beyond the built-in ones. */
  readonly backends?: readonly Backend[] | undefined
}

/** Checks a configuration given as an object, as an application does. Throws a ConfigFault with everything that is wrong. */
export function resolve(input: ConfigInput, options: ResolveOptions = {}): Settings {
  return settingsOf(parse(input, options), options)
}

/** Checks the shape and what a shape cannot say. */
export function parse(input: unknown, options: ResolveOptions = {}): Config {
  const parsed = schema.safeParse(input)
  if (!parsed.success) throw new ConfigFault(shapeProblems(parsed.error.issues, input))
  const problems = meaningProblems(parsed.data, options)
  if (problems.length > 0) throw new ConfigFault(problems)
  return parsed.data
}

export function settingsOf(config: Config, { backends = [] }: ResolveOptions = {}): Settings {
  const kinds = [...known, ...backends]
  return {
    upstreams: config.upstreams.map((upstream): UpstreamSettings => {
      const backend = kinds.find(({ kind }) => kind === upstream.kind)!
      const { origin, basePath } = readUrl(upstream.url)
      const { serve, context = {} } = upstream.models ?? {}
      return {
        name: upstream.name,
        backend,
        origin,
        basePath,
        apiKey: upstream.api_key,
        tier: upstream.tier ?? backend.tier,
        concurrency: upstream.concurrency,
        serve: serve === undefined ? undefined : new Map(Object.entries(serve)),
        context: new Map(Object.entries(context)),
      }
    }),
    queue: { max: config.queue.max, patienceMs: config.queue.patience },
    callers: config.callers.map(({ name, key, priority, weight, patience, models, cloud }) => {
      const caller: Caller = { id: name, weight, priority, cloud, models: models === undefined ? undefined : new Set(models) }
      return { caller, key, patienceMs: patience }
    }),
    timeouts: {
      connectMs: config.timeouts.connect,
      firstTokenMs: config.timeouts.first_token,
      gapMs: config.timeouts.gap,
    },
    attemptsMax: config.attempts,
    probeEveryMs: config.probe_every,
  }
}

export interface DoorSettings {
  readonly listen: Address
  readonly admin: Address & { readonly token: string | undefined }
}

/** Where the two ports stand. Throws a ConfigFault when one would be open to strangers. */
export function doorsOf(config: Config): DoorSettings {
  return {
    listen: readAddress(config.listen)!,
    admin: { ...readAddress(config.admin.listen)!, token: config.admin.token },
  }
}

/** Kinds the contract names that this version speaks to in another way. */
const instead: Readonly<Record<string, string>> = {
  vllm: 'openai-compatible',
  llamacpp: 'openai-compatible',
  sglang: 'openai-compatible',
  lmstudio: 'openai-compatible',
  exo: 'openai-compatible',
}

function meaningProblems(config: Config, { backends = [] }: ResolveOptions): Problem[] {
  const problems: Problem[] = []
  const kinds = [...known, ...backends].map(({ kind }) => kind)
  const seen = new Map<string, Set<string>>()
  const once = (what: string, value: string, path: Problem['path'], shown: string): void => {
    const values = seen.get(what) ?? new Set<string>()
    seen.set(what, values)
    if (values.has(value)) problems.push({ path, text: `${shown} is used twice; give each its own` })
    values.add(value)
  }
  for (const [i, { name, kind, url }] of config.upstreams.entries()) {
    once('upstream', name, ['upstreams', i, 'name'], `the name "${name}"`)
    if (!kinds.includes(kind)) problems.push({ path: ['upstreams', i, 'kind'], text: unknownKind(kind, kinds) })
    const { fault } = readUrl(url)
    if (fault !== undefined) problems.push({ path: ['upstreams', i, 'url'], text: fault })
  }
  for (const [i, { name, key }] of config.callers.entries()) {
    once('caller', name, ['callers', i, 'name'], `the name "${name}"`)
    // Never the key itself: this text goes to terminals and logs.
    once('key', key, ['callers', i, 'key'], 'this key')
  }
  for (const [path, text] of [[['listen'], config.listen], [['admin', 'listen'], config.admin.listen]] as const) {
    if (readAddress(text) === undefined) problems.push({ path, text: `"${text}" is no address; write HOST:PORT, as in 127.0.0.1:11400` })
  }
  return [...problems, ...exposed(config)]
}

/** A port that strangers can reach asks for keys, or is not opened. */
function exposed(config: Config): Problem[] {
  const problems: Problem[] = []
  const listen = readAddress(config.listen)
  const admin = readAddress(config.admin.listen)
  if (listen !== undefined && !isLoopback(listen.host) && config.callers.length === 0) {
    problems.push({
      path: ['listen'],
      text: `${config.listen} can be reached from other machines, and anyone there could ask; list callers with keys, or listen on 127.0.0.1`,
    })
  }
  if (admin !== undefined && !isLoopback(admin.host) && config.admin.token === undefined) {
    problems.push({
      path: ['admin', 'listen'],
      text: `${config.admin.listen} can be reached from other machines; set admin.token, or listen on 127.0.0.1`,
    })
  }
  return problems
}

function unknownKind(kind: string, kinds: readonly string[]): string {
  const other = instead[kind]
  if (other !== undefined) return `this version speaks to ${kind} servers as ${other}; write kind: ${other}`
  return `there is no kind "${kind}"; write one of ${kinds.join(', ')}`
}
