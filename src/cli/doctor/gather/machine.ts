import { existsSync, readFileSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'
import { connectionsMax, filesMax, memoryMaxBytes } from '../../../telemetry/capacity.ts'
import type { MachineFacts } from '../facts.ts'

export function gatherMachine(env: Readonly<Record<string, string | undefined>>): MachineFacts {
  return {
    filesMax: filesMax(),
    connectionsMax: connectionsMax(),
    memoryMaxBytes: memoryMaxBytes(),
    heapMaxBytes: getHeapStatistics().heap_size_limit,
    somaxconn: numberIn('/proc/sys/net/core/somaxconn', /(\d+)/),
    unsentMaxBytes: numberIn('/proc/sys/net/ipv4/tcp_notsent_lowat', /(\d+)/),
    supervisor: supervisorIn(env),
  }
}

function numberIn(file: string, pattern: RegExp): number | undefined {
  try {
    const [, digits] = pattern.exec(readFileSync(file, 'utf8')) ?? []
    return digits === undefined ? undefined : Number(digits)
  } catch {
    return undefined
  }
}

function supervisorIn(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env['KUBERNETES_SERVICE_HOST'] !== undefined) return 'Kubernetes'
  if (env['INVOCATION_ID'] !== undefined) return 'systemd'
  return existsSync('/.dockerenv') || existsSync('/run/.containerenv') ? 'A container engine' : undefined
}
