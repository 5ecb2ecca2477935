import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
}

export const thisMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${process.platform} ${release()}`,
})

const root = join(import.meta.dirname, '../..')

/** What stood in the rig; what is not on this machine is left out. */
export function versionsHere(): Readonly<Record<string, string>> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const commit = said('git', ['-C', root, 'rev-parse', '--short=12', 'HEAD'], /[0-9a-f]+/)
  const found = {
    spillway: commit === undefined ? version : `${version} (${commit})`,
    node: process.version,
    nginx: said('nginx', ['-v'], /[\d.]+/),
    haproxy: said('haproxy', ['-v'], /[\d.]+/),
  }
  return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** Some print their version to where errors go. */
function said(command: string, args: readonly string[], what: RegExp): string | undefined {
  try {
    const text = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', command, ...args], { encoding: 'utf8', stdio: 'pipe' })
    return what.exec(text)?.[0]
  } catch {
    return undefined
  }
}
