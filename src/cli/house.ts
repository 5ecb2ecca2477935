import { isLoopback, urlOf } from '../config/address.ts'
import { ConfigFault } from '../config/problem.ts'
import type { DoorSettings } from '../config/settings.ts'
import type { Settings } from '../core/settings.ts'
import { createGateway, type Gateway } from '../gateway.ts'
import { type Admin, type AdminOptions, startAdmin } from '../http/admin.ts'
import { ConditionWatch } from '../http/condition-watch.ts'
import type { ConfigStatus } from '../http/config-status.ts'
import { type Door, startDoor } from '../http/server.ts'
import { realWorld } from '../http/world.ts'
import { Audit } from '../ledger/audit.ts'
import { BookNotes } from '../ledger/book-notes.ts'
import { Retention } from '../ledger/retention.ts'
import { recordingsIn } from '../recording/shelf.ts'
import { recordingOf } from '../sdk/recording.ts'
import { DiskWatch, type Volume } from '../telemetry/disk.ts'
import { Feed } from '../telemetry/feed.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { PressureGauge } from '../telemetry/pressure.ts'
import { OwnShares } from '../telemetry/shares.ts'
import { keysIn } from './house-keys.ts'
import { Early, openRecords, type RecordPlace } from './records.ts'
import type { SocketFor } from './sockets.ts'

export interface House {
  readonly gateway: Gateway
  readonly feed: Feed
  /** Where changes are taken down, if anywhere. */
  readonly audit: Audit | undefined
  /** `http://127.0.0.1:11400` */
  readonly address: string
  readonly adminAddress: string
  /** Goes by other settings from now on. */
  adopt(settings: Settings): Promise<void>
  /** Readiness is off, and all else as before. */
  leave(): void
  /** Lets the running answers end, at most this long, and refuses new ones. */
  close(deadlineMs: number): Promise<void>
  /** Somebody else listens from now on. Whoever is connected here is served on. */
  handOver(): Promise<void>
}

export interface HouseOptions {
  readonly settings: Settings
  readonly doors: DoorSettings
  readonly transport: 'own' | 'undici'
  /** Where requests are taken down; undefined for nowhere but in memory. */
  readonly records?: RecordPlace | undefined
  /** What is watched for room. */
  readonly volumes?: readonly Volume[] | undefined
  readonly reload?: AdminOptions['reload']
  readonly config?: (() => ConfigStatus) | undefined
  /** Where the listening sockets come from, when somebody else keeps them. */
  readonly sockets?: SocketFor | undefined
  /** Subscribed before anything happens. */
  readonly listen?: Parameters<Gateway['subscribe']>[0] | undefined
  /** Lines of the log that could not be written. */
  readonly linesDropped?: (() => number) | undefined
}

/** Longer than most clients keep a connection for their next request: whoever still has one has forgotten it. */
const idleMs = 5_000

/** Nobody waits for a process that has handed over, so no answer is cut short that anybody could still want. */
const leftMs = 30 * 60_000

/** While callers wait in line, a server that does not answer is not waited for as long as it likes. */
const firstLookMs = 1_000

/** How often the process and its servers are looked at, whether anything runs short or is left alone. */
const lookEveryMs = 250

/** An engine with its two ports and its telemetry: what `serve` and the demo start. */
export async function openHouse(options: HouseOptions): Promise<House> {
  const { settings, doors, transport, records: place, volumes = [], reload, config, sockets, listen } = options
  const { linesDropped = () => 0 } = options
  const world = realWorld({ transport, connectMs: settings.timeouts.connectMs })
  const shares = new OwnShares()
  const pressure = new PressureGauge(shares.measure, (event) => gateway.emit(event), shares.memoryMaxBytes)
  const early = new Early()
  const syncAll = (): boolean => gateway.settings.records?.syncAll === true
  const records = place && (await openRecords({ place, world, emit: early.emit, syncAll }))
  const books = records?.books
  const kept = place && { books, dataDir: place.dataDir }
  const keys = kept && keysIn(kept, { world, emit: early.emit, settings: () => gateway.settings })
  const gateway: Gateway = createGateway(settings, {
    world,
    pressure,
    ledger: records?.ledger,
    notes: books && new BookNotes(books),
    keyring: keys?.keyring,
  })
  const audit = books && new Audit({ books, world, emit: gateway.emit })
  void audit?.keep(() => gateway.settings.records?.auditKeepMs ?? Infinity)
  const retention =
    books &&
    new Retention({
      books,
      world,
      keepMs: () => gateway.settings.records?.keepMs ?? Infinity,
      timeZone: () => gateway.settings.money?.timeZone ?? 'UTC',
    })
  const metrics = new Metrics(gateway)
  const feed = new Feed(gateway)
  const disk = new DiskWatch({ volumes, emit: gateway.emit })
  metrics.watchDisk(disk)
  gateway.subscribe(metrics.listen)
  gateway.subscribe(metrics.watchMoney(gateway, records?.backlog))
  gateway.subscribe(feed.listen)
  const recording = place && recordingOf(gateway, recordingsIn(place.dataDir))
  if (recording !== undefined) {
    metrics.watchRecording(recording.counts)
    gateway.subscribe(recording.listen)
  }
  if (listen !== undefined) gateway.subscribe(listen)
  early.goesTo(gateway.emit)
  const remarks = (): Record<string, string> => (config?.().refused === undefined ? {} : { config: 'refused' })
  const conditions = new ConditionWatch(gateway)
  const looking = setInterval(() => {
    pressure.look()
    conditions.look()
    if (pressure.isClosing) door?.closeIdle()
  }, lookEveryMs).unref()
  const endLooking = (): void => {
    clearInterval(looking)
    shares.close()
  }
  let door: Door | undefined
  let admin: Admin | undefined
  try {
    // Whoever asks at once for what costs money should not find the books still closed.
    if (records !== undefined) await Promise.race([records.ready, world.sleep(firstLookMs)])
    await keys?.keyring.start()
    // In line before a socket that is kept, callers are better off than before a gateway that knows no server yet.
    if (sockets !== undefined) await Promise.race([gateway.start(), world.sleep(firstLookMs)])
    const [socket, adminSocket] = [await sockets?.('callers', doors.listen), await sockets?.('admin', doors.admin)]
    door = await startDoor(gateway, { ...doors.listen, pressure, socket, remarks })
    if (socket !== undefined) checkDoor(door.address.host, gateway)
    const { crowd } = door
    gateway.subscribe(metrics.watchBounds({ pressure, crowd, linesDropped }))
    const bounds = { pressure, crowd }
    admin = await startAdmin(gateway, {
      ...doors.admin,
      metrics,
      feed,
      disk,
      reload,
      config,
      audit,
      socket: adminSocket,
      bounds,
      keys: keys?.desk,
    })
    if (adminSocket !== undefined) checkAdmin(admin.address.host, doors)
    // Only now, so that a port that is taken is told at once, and whoever looks after the process is answered meanwhile.
    if (sockets === undefined) await gateway.start()
    disk.start()
  } catch (error) {
    endLooking()
    keys?.keyring.stop()
    retention?.close()
    await door?.close(0)
    await admin?.close()
    await gateway.stop()
    await recording?.close()
    await records?.close()
    await world.close()
    throw error
  }
  const [openDoor, openAdmin] = [door, admin]
  const end = async (): Promise<void> => {
    await openAdmin.close()
    disk.stop()
    keys?.keyring.stop()
    retention?.close()
    await gateway.stop()
    await recording?.close()
    await audit?.close()
    await records?.close()
    await world.close()
  }
  return {
    gateway,
    feed,
    audit,
    address: urlOf(openDoor.address),
    adminAddress: urlOf(openAdmin.address),
    adopt: async (next) => {
      await gateway.reload(next)
      world.connectWithin(next.timeouts.connectMs)
    },
    leave: () => openDoor.leave(),
    close: async (deadlineMs) => {
      endLooking()
      const startedAt = world.now()
      openDoor.leave()
      // The port stays open meanwhile: whoever comes is told that the gateway is ending, and /readyz tells it too.
      await Promise.race([gateway.drain(), world.sleep(deadlineMs)])
      await openDoor.close(Math.max(0, deadlineMs - (world.now() - startedAt)))
      await end()
    },
    handOver: async () => {
      await Promise.all([openDoor.close(leftMs, idleMs), openAdmin.close()])
      endLooking()
      await end()
    },
  }
}

/** Whoever made the socket chose its address: the same holds for it as for one from the configuration. */
function checkDoor(host: string, { callers, settings }: Gateway): void {
  if (isLoopback(host) || !callers.isOpen || settings.anonymous !== undefined) return
  const text = `can be reached from other machines, and anyone there could ask; list callers with keys`
  throw new ConfigFault([{ path: [], text: `The socket at ${host} that was handed over ${text}.` }])
}

function checkAdmin(host: string, { admin }: DoorSettings): void {
  if (isLoopback(host) || admin.token !== undefined) return
  const text = `The operator's socket at ${host} that was handed over can be reached from other machines; set admin.token.`
  throw new ConfigFault([{ path: [], text }])
}
