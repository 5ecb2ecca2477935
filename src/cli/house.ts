import type { DoorSettings } from '../config/settings.ts'
import { urlOf } from '../config/address.ts'
import { createGateway, type Gateway } from '../gateway.ts'
import type { Settings } from '../core/settings.ts'
import { type Admin, startAdmin } from '../http/admin.ts'
import { type Door, startDoor } from '../http/server.ts'
import { realWorld } from '../http/world.ts'
import { DiskWatch, type Volume } from '../telemetry/disk.ts'
import { Feed } from '../telemetry/feed.ts'
import { Metrics } from '../telemetry/metrics.ts'

export interface House {
  readonly gateway: Gateway
  readonly feed: Feed
  /** `http://127.0.0.1:11400` */
  readonly address: string
  readonly adminAddress: string
  /** Lets the running answers end, at most this long. */
  close(deadlineMs: number): Promise<void>
}

export interface HouseOptions {
  readonly settings: Settings
  readonly doors: DoorSettings
  readonly transport: 'own' | 'undici'
  /** What is watched for room. */
  readonly volumes?: readonly Volume[] | undefined
  readonly reload?: (() => Promise<void>) | undefined
  /** Subscribed before anything happens. */
  readonly listen?: Parameters<Gateway['subscribe']>[0] | undefined
}

/** An engine with its two ports and its telemetry: what `serve` and the demo start. */
export async function openHouse({
  settings,
  doors,
  transport,
  volumes = [],
  reload,
  listen,
}: HouseOptions): Promise<House> {
  const world = realWorld({ transport, connectMs: settings.timeouts.connectMs })
  const gateway = createGateway(settings, { world })
  const metrics = new Metrics(gateway)
  const feed = new Feed(gateway)
  const disk = new DiskWatch({ volumes, emit: gateway.emit })
  metrics.watchDisk(disk)
  gateway.subscribe(metrics.listen)
  gateway.subscribe(feed.listen)
  if (listen !== undefined) gateway.subscribe(listen)
  let door: Door | undefined
  let admin: Admin | undefined
  try {
    door = await startDoor(gateway, doors.listen)
    admin = await startAdmin(gateway, { ...doors.admin, metrics, feed, disk, reload })
    // Only now, so that a port that is taken is told at once, and whoever looks after the process is answered meanwhile.
    await gateway.start()
    disk.start()
  } catch (error) {
    await door?.close(0)
    await admin?.close()
    await gateway.stop()
    await world.close()
    throw error
  }
  const [openDoor, openAdmin] = [door, admin]
  return {
    gateway,
    feed,
    address: urlOf(openDoor.address),
    adminAddress: urlOf(openAdmin.address),
    close: async (deadlineMs) => {
      const startedAt = world.now()
      // The port stays open meanwhile: whoever comes is told that the gateway is ending, and /readyz tells it too.
      await Promise.race([gateway.drain(), world.sleep(deadlineMs)])
      await openDoor.close(Math.max(0, deadlineMs - (world.now() - startedAt)))
      await openAdmin.close()
      disk.stop()
      await gateway.stop()
      await world.close()
    },
  }
}
