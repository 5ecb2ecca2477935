import { homedir } from 'node:os'
import { join } from 'node:path'

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: NodeJS.Platform
  readonly home: string
}

const here = (): Surroundings => ({ env: process.env, platform: process.platform, home: homedir() })

/** The folder for what outlives the process: the configured one, else the environment's, else the platform's. */
export function dataDirOf(configured: string | undefined, { env, platform, home }: Surroundings = here()): string {
  const named = configured ?? env['SPILLWAY_DATA_DIR']
  if (named !== undefined && named !== '') return named
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'spillway')
  const { XDG_DATA_HOME: shared = '' } = env
  // One that is not absolute is to be ignored, says who invented it.
  return join(shared.startsWith('/') ? shared : join(home, '.local', 'share'), 'spillway')
}
