import { doorsOf, settingsOf } from '../../../config/settings.ts'
import { DiskWatch } from '../../../telemetry/disk.ts'
import { dataDirOf } from '../../data-dir.ts'
import { volumesOf } from '../../volumes.ts'
import type { Facts } from '../facts.ts'
import { gatherConfig } from './config.ts'
import { gatherMachine } from './machine.ts'
import { gatherPorts } from './ports.ts'
import { gatherRunning } from './running.ts'
import { gatherServers } from './servers.ts'

/** Looks at everything once. It changes nothing, on no machine. */
export async function gather(file: string | undefined): Promise<Facts> {
  const { env } = process
  const config = await gatherConfig(file)
  const known = {
    runtime: { node: process.versions.node, sqlite: process.versions['sqlite'] },
    config,
    env,
    machine: gatherMachine(env),
  }
  if (config.config === undefined) return { ...known, ports: [], servers: [], volumes: [], running: undefined }
  const doors = doorsOf(config.config)
  const { upstreams } = settingsOf(config.config)
  // What the doctor says goes elsewhere than the log of the gateway.
  const dataDir = dataDirOf(config.config.data_dir)
  const volumes = volumesOf({ dataDir, upstreams, env }).filter(({ name }) => name !== 'log')
  const disk = new DiskWatch({ volumes, emit() {} })
  const [ports, servers, running] = await Promise.all([
    gatherPorts(doors),
    gatherServers(config.config),
    gatherRunning(doors),
    disk.look(),
  ])
  return { ...known, ports, servers, running, volumes: disk.volumes }
}
