import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isLoopback, readAddress } from '../../../config/address.ts'
import { ConfigFault, sentence } from '../../../config/problem.ts'
import type { Config } from '../../../config/schema.ts'
import { configFile, readSource, type Source } from '../../sources.ts'
import type { ConfigFacts, FileFacts } from '../facts.ts'

/** The configuration as `serve` would read it, or what is wrong with it. */
export async function gatherConfig(named: string | undefined): Promise<ConfigFacts> {
  const file = configFile(named)
  const nothing = { file, warnings: [], isOpen: false, config: undefined, literalSecrets: [] }
  let source: Source
  try {
    source = await readSource(named)
  } catch (error) {
    if (!(error instanceof ConfigFault)) throw error
    return { ...nothing, problems: error.problems.map(sentence), files: file === undefined ? [] : filesOf(file, false) }
  }
  const { config, warnings, secrets } = source
  const literalSecrets = keysOf(config).flatMap(([place, key]) => (secrets.has(key) ? [] : [place]))
  return {
    file,
    problems: [],
    warnings: warnings.map(sentence),
    isOpen: !isLoopback(readAddress(config.listen)!.host) || !isLoopback(readAddress(config.admin.listen)!.host),
    config,
    literalSecrets,
    files: file === undefined ? [] : filesOf(file, literalSecrets.length > 0),
  }
}

function keysOf({ admin, upstreams, callers }: Config): (readonly [place: string, key: string])[] {
  return [
    ...(admin.token === undefined ? [] : [['admin.token', admin.token] as const]),
    ...upstreams.flatMap(({ name, api_key: key }) => (key === undefined ? [] : [[`api_key of ${name}`, key] as const])),
    ...callers.map(({ name, key }) => [`key of ${name}`, key] as const),
  ]
}

const references = /\$\{file:([^}]+)\}/g

function filesOf(file: string, holdsSecrets: boolean): FileFacts[] {
  let text = ''
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    // What is wrong with it has been said.
  }
  const taken = new Set(Array.from(text.matchAll(references), ([, path]) => resolve(dirname(file), path!)))
  return [factsOf(file, holdsSecrets), ...Array.from(taken, (path) => factsOf(path, true))]
}

function factsOf(path: string, holdsSecrets: boolean): FileFacts {
  try {
    return { path, holdsSecrets, mode: process.platform === 'win32' ? undefined : statSync(path).mode & 0o777 }
  } catch {
    return { path, holdsSecrets, mode: undefined }
  }
}
