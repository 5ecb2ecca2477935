import { doorsOf, parse, settingsOf } from '../../src/config/settings.ts'
import type { ConfigInput } from '../../src/config/schema.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'
import { startAdmin } from '../../src/http/admin.ts'
import { ConditionWatch } from '../../src/http/condition-watch.ts'
import type { ConfigStatus } from '../../src/http/config-status.ts'
import { realWorld } from '../../src/http/world.ts'
import type { VolumeState } from '../../src/telemetry/disk.ts'
import { Feed } from '../../src/telemetry/feed.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { PressureGauge } from '../../src/telemetry/pressure.ts'
import type { Ends } from '../e2e/rig.ts'
import { listen } from '../../src/sim/sockets.ts'
import { backendKind, type Kind, Witness } from '../e2e/witness.ts'

export const model = 'llama3.1:8b'

/** A real gateway with its operator's port, in which a test can let go wrong whatever it likes. */
export interface TroubledHouse {
  readonly adminUrl: string
  readonly gateway: Gateway
  readonly servers: ReadonlyMap<string, Witness>
  readonly volumes: VolumeState[]
  /** How much of the memory is in use, from 0 to 1. */
  memory(share: number): void
  config: ConfigStatus
  /** Nobody answers at the operator's port any more. */
  closePort(): Promise<void>
}

export async function troubledHouse(
  t: Ends,
  kinds: Readonly<Record<string, Kind>>,
  more: Partial<ConfigInput> = {},
): Promise<TroubledHouse> {
  const servers = new Map(Object.entries(kinds).map(([name, kind]) => [name, new Witness(kind, { name })]))
  const upstreams = await Promise.all(
    Array.from(servers, async ([name, server]) => {
      const socket = await listen(server)
      t.after(() => socket.close())
      return { name, kind: backendKind(server.kind), url: socket.origin, concurrency: 8 }
    }),
  )
  const parsed = parse({ listen: '127.0.0.1:0', admin: { listen: '127.0.0.1:0' }, upstreams, ...more })
  const world = realWorld()
  const settings = settingsOf(parsed)
  const gateway = createGateway(settings, { world })
  const volumes: VolumeState[] = []
  const shares = { memory: 0.5, heap: 0.3, loop: 0.1, files: 0.1 }
  const pressure = new PressureGauge(() => shares, gateway.emit)
  const crowd = { connections: 3, connectionsMax: 1_000, slowReaders: 0, unreadBytes: 0 }
  const [feed, metrics] = [new Feed(gateway), new Metrics(gateway)]
  gateway.subscribe(feed.listen)
  gateway.subscribe(metrics.listen)
  const watch = new ConditionWatch(gateway)
  const looking = setInterval(() => watch.look(), 100)
  const house = {
    gateway,
    servers,
    volumes,
    memory(share: number) {
      shares.memory = share
      pressure.look()
    },
    config: { file: 'spillway.yaml', hash: 'x', takenAtMs: Date.now(), refused: undefined, needsRestart: [] },
  }
  const admin = await startAdmin(gateway, {
    ...doorsOf(parsed).admin,
    metrics,
    feed,
    disk: { volumes },
    bounds: { pressure, crowd },
    config: () => house.config,
  })
  let closed: Promise<void> | undefined
  const closePort = (): Promise<void> => (closed ??= admin.close())
  await gateway.start()
  t.after(async () => {
    clearInterval(looking)
    await closePort()
    await gateway.stop()
    await world.close()
  })
  return Object.assign(house, { closePort, adminUrl: `http://127.0.0.1:${admin.address.port}` })
}
