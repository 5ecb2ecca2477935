import { isDeepStrictEqual } from 'node:util'
import { loadConfigFile } from '../config/load.ts'
import { ConfigFault, sentence } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { parse, settingsOf } from '../config/settings.ts'
import type { Gateway } from '../gateway.ts'

export type Say = (level: 'info' | 'warn' | 'error', text: string) => void

export interface ReloadParts {
  readonly file: string
  readonly gateway: Pick<Gateway, 'reload'>
  /** What the file said when the process began. */
  readonly first: Config
  /** The same with what the flags changed in it: where the ports really are. */
  readonly begun: Config
  readonly say: Say
}

/** What the ports, the log and the connections were made from when the process began. */
const fixed = ['listen', 'admin', 'log', 'upstream_transport'] as const

/** Takes up the file as it is now. Rejects with what is wrong with it, and then nothing has changed. */
export async function reload({ file, gateway, first, begun, say }: ReloadParts): Promise<void> {
  try {
    const { config, warnings, secrets } = loadConfigFile(file, { env: process.env })
    // The ports stay open as they are, so it is with them that the callers have to agree.
    const { listen, admin } = begun
    const next = parse({ ...config, listen, admin }, { secrets })
    await gateway.reload(settingsOf(next))
    for (const warning of warnings) say('warn', sentence(warning))
    const kept: string[] = fixed.filter((key) => !isDeepStrictEqual(config[key], first[key]))
    if (config.timeouts.connect !== first.timeouts.connect) kept.push('timeouts.connect')
    if (kept.length > 0) say('warn', `What ${file} now says of ${kept.join(', ')} is taken up only by a restart.`)
    say('info', `Took up ${file}. Upstreams: ${next.upstreams.length}; callers: ${next.callers.length || 'anyone'}.`)
  } catch (error) {
    const texts = error instanceof ConfigFault ? error.problems.map(sentence) : [`Reloading failed: ${String(error)}`]
    for (const text of texts) say('error', text)
    say('warn', `The gateway goes on with the configuration it has. Correct ${file} and reload again.`)
    throw error
  }
}
