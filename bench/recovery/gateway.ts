import type { ConfigInput } from '../../src/config/schema.ts'
import { resolve } from '../../src/config/settings.ts'
import { createGateway, type Gateway } from '../../src/gateway.ts'
import { type Door, startDoor } from '../../src/http/server.ts'
import { fastWorld } from '../virtual/sockets/drive.ts'

/** What this process is told in its arguments: `node bench/recovery/gateway.ts '{"config":…,"speed":1}'`. */
export interface Orders {
  readonly config: ConfigInput
  /** So many times faster everybody's clock goes. */
  readonly speed: number
}

/** What it tells: where it is to be found from now on, and who was let down by a server. */
export type Told = { readonly origin: string } | { readonly failed: string }

const { config, speed } = JSON.parse(process.argv[2]!) as Orders
const world = fastWorld(speed)
const settings = resolve(config)
let running: { readonly gateway: Gateway; readonly door: Door } | undefined

const tell = (told: Told): void => void process.send!(told)

/** One that has learned nothing. The process stays, with its compiled code and its connections. */
async function begin(): Promise<void> {
  const before = running
  const gateway = createGateway(settings, { world })
  gateway.subscribe((event) => {
    if (event.type === 'attempt-failed') tell({ failed: event.ask.id })
  })
  const door = await startDoor(gateway, { host: '127.0.0.1', port: 0 })
  await gateway.start()
  while (!gateway.fleet.upstreams.every(({ up }) => up)) await new Promise((resume) => void setTimeout(resume, 2))
  running = { gateway, door }
  tell({ origin: `http://127.0.0.1:${door.address.port}` })
  await before?.door.close(0)
  await before?.gateway.stop()
}

process.on('message', () => void begin())
process.on('disconnect', () => process.exit())
await begin()
