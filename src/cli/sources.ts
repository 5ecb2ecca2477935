import { existsSync } from 'node:fs'
import { detect, type Found, habits } from '../config/detect.ts'
import { type Loaded, loadConfigFile } from '../config/load.ts'
import { ConfigFault, sentence } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { isForStrangers, parse } from '../config/settings.ts'
import { realWorld } from '../http/world.ts'
import { BooksFault } from '../ledger/books.ts'
import { hasKeys } from './books.ts'

const usual = ['spillway.yaml', 'spillway.yml']

/** The configuration file that is meant: the one named, or the usual one in this folder. */
export function configFile(named: string | undefined): string | undefined {
  return named ?? usual.find((file) => existsSync(file))
}

export interface Source extends Omit<Loaded, 'hash'> {
  /** Of the file, where there is one. */
  readonly hash?: string
  readonly file: string | undefined
  readonly found: readonly Found[]
}

/** Reads the file, or looks for servers on this machine when there is none. */
export async function readSource(named: string | undefined): Promise<Source> {
  const file = configFile(named)
  if (file !== undefined) return { ...(await loadWithKeys(file)), file, found: [] }
  const world = realWorld({ connectMs: 500 })
  const found = await detect(world, process.env)
  await world.close()
  if (found.length === 0) throw new ConfigFault([{ path: [], text: nothingFound }])
  const upstreams = found.map(({ name, kind, url }) => ({ name, kind, url }))
  return { config: parse({ upstreams }), warnings: [], secrets: new Set(), file: undefined, found }
}

/** For what needs no servers. Where there is no file, everything is where a gateway without one has it. */
export function configOf(named: string | undefined): Config {
  const file = configFile(named)
  try {
    if (file === undefined) return parse(bare, { hasKeys: true })
    return loadConfigFile(file, { env: process.env, hasKeys: true }).config
  } catch (error) {
    return explain(error)
  }
}

const bare = { upstreams: [{ name: 'none', kind: 'ollama', url: 'http://127.0.0.1:11434' }] }

/** A port that others can reach needs keys: in the file, or in the database. */
async function loadWithKeys(file: string): Promise<Loaded> {
  const loaded = loadConfigFile(file, { env: process.env, hasKeys: true })
  await checkDoor(loaded.config, () => loadConfigFile(file, { env: process.env }))
  return loaded
}

/** Has a door refused by whoever can say why, if strangers could come in by it. */
export async function checkDoor(config: Config, refuse: () => unknown): Promise<void> {
  if (isForStrangers(config) && !(await hasKeys(config).catch(unreadable))) refuse()
}

function unreadable(error: unknown): never {
  if (!(error instanceof BooksFault)) throw error
  const text = `can be reached from other machines, and whether there are keys for them cannot be found out: ${error.message}`
  throw new ConfigFault([{ path: ['listen'], text }])
}

const ports = habits.map(({ title, port }) => `${title} ${port}`).join(', ')

const nothingFound =
  `There is no spillway.yaml here, and no server answers on the usual ports of this machine (${ports}). ` +
  'Start one, or write a spillway.yaml; "spillway demo" needs neither.'

/** Ends with what is wrong, for people, when it is the configuration; anything else is a bug and is thrown on. */
export function explain(error: unknown): never {
  if (!(error instanceof ConfigFault)) throw error
  for (const problem of error.problems) console.error(sentence(problem))
  process.exit(1)
}
