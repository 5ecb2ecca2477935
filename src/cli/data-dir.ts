import { homedir, platform as realPlatform } from 'node:os'
import { join } from 'node:path'

export interface DataDirSource {
  /** What the configuration says. */
  readonly dataDir: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform?: NodeJS.Platform | undefined
  readonly home?: string | undefined
}

/** Where the ledger and the keys are kept: as configured, else as the environment says, else where this system keeps such things. */
export function dataDirOf({ dataDir, env, platform = realPlatform(), home = homedir() }: DataDirSource): string {
  const named = dataDir ?? env['SPILLWAY_DATA_DIR']
  if (named !== undefined && named !== '') return named
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'spillway')
  const { XDG_DATA_HOME: data = '' } = env
  return join(data === '' ? join(home, '.local', 'share') : data, 'spillway')
}
