import { existsSync, fstatSync, readlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isLoopback } from '../config/address.ts'
import type { UpstreamSettings } from '../core/settings.ts'
import type { Volume } from '../telemetry/disk.ts'

export interface VolumeSource {
  readonly dataDir: string
  readonly upstreams: readonly Pick<UpstreamSettings, 'origin' | 'backend'>[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What has to have room for the gateway and its servers to go on: as far as it is on this machine and can be seen. */
export function volumesOf({ dataDir, upstreams, env }: VolumeSource): readonly Volume[] {
  const log = logFile()
  const models = modelFolders(upstreams, env).find((folder) => existsSync(folder))
  return [
    { name: 'data', path: dataDir },
    ...(log === undefined ? [] : [{ name: 'log', path: log } as const]),
    ...(models === undefined ? [] : [{ name: 'models', path: models } as const]),
  ]
}

/** Where servers on this machine keep their models. `~` is the home folder, and `$NAME` a variable. */
export function modelFolders(
  upstreams: VolumeSource['upstreams'],
  env: VolumeSource['env'],
  home: string = homedir(),
): readonly string[] {
  return upstreams.flatMap(({ origin, backend }) =>
    isLoopback(new URL(origin).hostname.replace(/^\[|\]$/g, ''))
      ? (backend.modelFolders ?? []).flatMap((folder) => {
          if (folder.startsWith('$')) return env[folder.slice(1)] ?? []
          return folder.startsWith('~/') ? join(home, folder.slice(2)) : folder
        })
      : [],
  )
}

/** The file into which standard output goes, if it is one. */
function logFile(): string | undefined {
  try {
    return fstatSync(1).isFile() ? readlinkSync('/proc/self/fd/1') : undefined
  } catch {
    return undefined
  }
}
