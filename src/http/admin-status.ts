import type { Gateway } from '../gateway.ts'
import type { ConfigStatus } from './config-status.ts'
import type { Trouble } from './troubles.ts'

/** How the process stands, what is wrong, and by which configuration it goes. */
export function statusView(
  gateway: Pick<Gateway, 'ready' | 'asks'>,
  config: ConfigStatus | undefined,
  troubles: readonly Trouble[],
): object {
  return {
    ready: gateway.ready,
    pid: process.pid,
    uptime_seconds: Math.floor(process.uptime()),
    under_way: gateway.asks().length,
    troubles,
    config: config === undefined ? null : configView(config),
  }
}

const configView = ({ file, hash, takenAtMs, refused, needsRestart }: ConfigStatus): object => ({
  file: file ?? null,
  sha256: hash ?? null,
  taken_at: new Date(takenAtMs).toISOString(),
  refused: refused === undefined ? null : { at: new Date(refused.atMs).toISOString(), problems: refused.problems },
  needs_restart: needsRestart,
})
