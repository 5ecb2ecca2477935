import { type Address, readAddress } from '../config/address.ts'
import { ConfigFault, sentence } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { doorsOf, parse, settingsOf } from '../config/settings.ts'
import type { Auditor } from '../core/change.ts'
import type { Emit } from '../core/event.ts'
import { type LogOptions, logger } from '../telemetry/log.ts'
import { Outlet } from '../telemetry/outlet.ts'
import { ConfigWatch, snapshotOf } from './config-watch.ts'
import { crashReport } from './crash.ts'
import { dataDirOf } from './data-dir.ts'
import { type House, openHouse } from './house.ts'
import { Reloading } from './reload.ts'
import { systemdSockets } from './sockets.ts'
import { checkDoor, configFile, explain, readSource, type Source } from './sources.ts'
import { guardian } from './supervised.ts'
import { volumesOf } from './volumes.ts'

export interface ServeOptions {
  readonly config?: string
  readonly listen?: string
  readonly admin?: string
  readonly watch: boolean
  readonly supervised?: true
}

type Say = (level: 'info' | 'warn' | 'error', text: string) => void

/** The gateway as a process: its log, its signals, its configuration while it runs. */
export async function serve(options: ServeOptions): Promise<void> {
  const supervisor = guardian()
  const named = configFile(options.config)
  // Before it is read, so that what changes from then on is noticed.
  const seen = named === undefined || !options.watch ? undefined : await snapshotOf(named)
  const source = await readSource(named).catch(explain)
  const config = await withFlags(source, options).catch(explain)
  const outlet = new Outlet(process.stdout.fd)
  const { write } = outlet
  const log = logger({ write, ...mannerOf(config) })
  const say: Say = (level, text) => log({ type: 'notice', level, text })
  for (const { title, url } of source.found) say('info', `Found ${title} at ${url}.`)
  for (const warning of source.warnings) say('warn', sentence(warning))

  const { file, hash, config: first } = source
  const adopt = async (next: Config): Promise<void> => {
    await (await opening).adopt(settingsOf(next))
    log.adjust(mannerOf(next))
  }
  const begun = async (): Promise<Pick<Config, 'listen' | 'admin'>> => {
    const { address, adminAddress } = await opening
    return { listen: hostOf(address), admin: { ...config.admin, listen: hostOf(adminAddress) } }
  }
  const emit: Emit = (event) => void opening.then(({ gateway }) => gateway.emit(event)).catch(() => {})
  const auditor = async (): Promise<Auditor | undefined> => (await opening).audit
  const reloading = file === undefined ? undefined : new Reloading({ file, first, hash, begun, adopt, emit, auditor })
  const settings = settingsOf(config)
  const dataDir = dataDirOf(config.data_dir)
  const opening = openHouse({
    settings,
    doors: doorsOf(config),
    transport: config.upstream_transport,
    records: { dataDir, url: config.ledger.url },
    volumes: volumesOf({ dataDir, upstreams: settings.upstreams, env: process.env }),
    reload: reloading?.reload,
    config: reloading && (() => reloading.status),
    sockets: supervisor?.socketFor ?? systemdSockets(process.env, process.pid),
    listen: log,
    linesDropped: () => outlet.dropped,
  })
  const reload = (actor: string): void => {
    // What went wrong was said.
    if (reloading !== undefined) reloading.reload({ actor }).catch(() => {})
    else say('warn', 'There is no configuration file to read again.')
  }
  const ending = new Ending(opening, say)
  process.on('SIGHUP', () => reload('signal'))
  process.on('SIGTERM', ending.end)
  process.on('SIGINT', ending.end)
  let watching: ConfigWatch | undefined
  supervisor?.onHandOver(() => {
    watching?.close()
    ending.handOver()
  })
  supervisor?.onGone(() => ending.begun || ending.end())
  const house = await opening.catch(explainStart)
  if (seen !== undefined && file !== undefined) watching = new ConfigWatch(file, seen, () => reload('config-watch'))
  const ready = `Spillway listens on ${house.address} (admin ${house.adminAddress})`
  // The one line that people and scripts wait for, whatever level the log has.
  logger({ write, format: mannerOf(config).format })({ type: 'notice', level: 'info', text: ready })
  process.on('uncaughtException', (error) => {
    say('error', crashReport(error))
    process.exit(1)
  })
  supervisor?.ready()
}

/** How the process ends: at once, when its answers have, or when those that it has left to somebody else have. */
class Ending {
  readonly #opening: Promise<House>
  readonly #say: Say
  #isEnding = false
  #isLeaving = false

  constructor(opening: Promise<House>, say: Say) {
    this.#opening = opening
    this.#say = say
  }

  get begun(): boolean {
    return this.#isEnding
  }

  readonly end = (): void => {
    if (this.#isEnding) process.exit(1)
    this.#isEnding = true
    void this.#opening.then(async (house) => {
      const { drainMs = 30_000, drainDelayMs = 0 } = house.gateway.settings.timeouts
      house.leave()
      this.#say('info', `Ending. Requests under way: ${house.gateway.asks().length}.`)
      await house.gateway.world.sleep(drainDelayMs)
      await house.close(drainMs)
      process.exit(0)
    })
  }

  readonly handOver = (): void => {
    if (this.#isEnding || this.#isLeaving) return
    this.#isLeaving = true
    void this.#opening.then(async (house) => {
      this.#say('info', `Another process listens now. Requests under way here: ${house.gateway.asks().length}.`)
      await house.handOver()
      process.exit(0)
    })
  }
}

/** The flags go through the same checks as the file: a port open to strangers is refused however it was named. */
async function withFlags({ config, secrets }: Source, { listen, admin }: ServeOptions): Promise<Config> {
  if (listen !== undefined) checkAddress('--listen', listen)
  if (admin !== undefined) checkAddress('--admin', admin)
  const input = {
    ...config,
    ...(listen !== undefined && { listen }),
    ...(admin !== undefined && { admin: { ...config.admin, listen: admin } }),
  }
  const changed = parse(input, { secrets, hasKeys: true })
  await checkDoor(changed, () => parse(input, { secrets }))
  return changed
}

function checkAddress(flag: string, text: string): void {
  if (readAddress(text) !== undefined) return
  throw new ConfigFault([{ path: [], text: `${flag} ${text} is no address; write HOST:PORT, as in 127.0.0.1:11400` }])
}

const mannerOf = ({ log: { format, level } }: Config): Required<Pick<LogOptions, 'format' | 'level'>> => ({
  format: format === 'auto' ? (process.stdout.isTTY ? 'pretty' : 'json') : format,
  level,
})

const hostOf = (url: string): string => url.slice('http://'.length)

function explainStart(error: unknown): never {
  if (error instanceof ConfigFault) return explain(error)
  const { code, syscall, address, hostname, port } = error as NodeJS.ErrnoException &
    Partial<Pick<Address, 'port'>> & { address?: string; hostname?: string }
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') throw error
  const place = port === undefined ? (hostname ?? address) : `${address}:${port}`
  const why = code === 'EADDRINUSE' ? 'is taken, perhaps by another Spillway' : `cannot be listened on (${code})`
  console.error(`${place} ${why}; choose another with --listen or --admin.`)
  process.exit(1)
}
