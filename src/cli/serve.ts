import { Command } from 'commander'
import { readAddress } from '../config/address.ts'
import { ConfigFault, sentence } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import { doorsOf, parse, settingsOf } from '../config/settings.ts'
import { logger } from '../telemetry/log.ts'
import { type House, openHouse } from './house.ts'
import { reload, type Say } from './reload.ts'
import { volumesOf } from './volumes.ts'
import { explain, readSource, type Source } from './sources.ts'

interface ServeOptions {
  readonly config?: string
  readonly listen?: string
  readonly admin?: string
}

/** How long the running answers may take to end after SIGTERM. */
const drainMs = 30_000

export function serveCommand(): Command {
  return new Command('serve')
    .description(
      'Runs the gateway. Without a configuration it looks for servers on this machine and serves what it finds.',
    )
    .option('-c, --config <file>', 'the configuration; spillway.yaml in this folder by default')
    .option('-l, --listen <host:port>', "the callers' port")
    .option('-a, --admin <host:port>', "the operator's port")
    .addHelpText(
      'after',
      '\nExamples:\n  spillway serve\n  spillway serve --config spillway.yaml\n' +
        '  spillway serve --listen 127.0.0.1:8000 --admin 127.0.0.1:8001\n\n' +
        'SIGTERM and Ctrl-C let the running answers end, at most 30 seconds; a second one ends at once.\n' +
        'SIGHUP takes up the configuration as it now is; one with a fault is refused, and nothing changes.\n',
    )
    .action(serve)
}

async function serve(options: ServeOptions): Promise<void> {
  const source = await readSource(options.config).catch(explain)
  const config = withFlags(source, options)
  const format = config.log.format === 'auto' ? (process.stdout.isTTY ? 'pretty' : 'json') : config.log.format
  // Whoever read the log may leave; the gateway stays.
  process.stdout.on('error', () => {})
  const write = (text: string): boolean => process.stdout.write(text)
  const log = logger({ write, format, level: config.log.level })
  const say: Say = (level, text) => log({ type: 'notice', level, text })
  for (const { title, url } of source.found) say('info', `Found ${title} at ${url}.`)
  for (const warning of source.warnings) say('warn', sentence(warning))

  const { file, config: first } = source
  const reloading =
    file === undefined
      ? undefined
      : async () => reload({ file, gateway: (await opening).gateway, first, begun: config, say })
  const settings = settingsOf(config)
  const opening = openHouse({
    settings,
    doors: doorsOf(config),
    transport: config.upstream_transport,
    volumes: volumesOf({ dataDir: config.data_dir, upstreams: settings.upstreams, env: process.env }),
    reload: reloading,
    listen: log,
  })
  obeySignals(opening, reloading, say)
  const house = await opening.catch(explainStart)
  const ready = `Spillway listens on ${house.address} (admin ${house.adminAddress})`
  // The one line that people and scripts wait for, whatever level the log has.
  logger({ write, format })({ type: 'notice', level: 'info', text: ready })
}

/** The flags go through the same checks as the file: a port open to strangers is refused however it was named. */
function withFlags({ config, secrets }: Source, { listen, admin }: ServeOptions): Config {
  try {
    if (listen !== undefined) checkAddress('--listen', listen)
    if (admin !== undefined) checkAddress('--admin', admin)
    return parse(
      {
        ...config,
        ...(listen !== undefined && { listen }),
        ...(admin !== undefined && { admin: { ...config.admin, listen: admin } }),
      },
      { secrets },
    )
  } catch (error) {
    return explain(error)
  }
}

function checkAddress(flag: string, text: string): void {
  if (readAddress(text) !== undefined) return
  throw new ConfigFault([{ path: [], text: `${flag} ${text} is no address; write HOST:PORT, as in 127.0.0.1:11400` }])
}

function obeySignals(opening: Promise<House>, reloading: (() => Promise<void>) | undefined, say: Say): void {
  process.on('SIGHUP', () => {
    if (reloading === undefined) return say('warn', 'There is no configuration file to read again.')
    // What went wrong was said.
    reloading().catch(() => {})
  })
  let isEnding = false
  const end = (): void => {
    if (isEnding) process.exit(1)
    isEnding = true
    void opening.then(async (house) => {
      say('info', `Ending. Requests under way: ${house.gateway.asks().length}.`)
      await house.close(drainMs)
      process.exit(0)
    })
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}

function explainStart(error: unknown): never {
  const { code, syscall, address, hostname, port } = error as NodeJS.ErrnoException & {
    address?: string
    hostname?: string
    port?: number
  }
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') throw error
  const place = port === undefined ? (hostname ?? address) : `${address}:${port}`
  const why = code === 'EADDRINUSE' ? 'is taken, perhaps by another Spillway' : `cannot be listened on (${code})`
  console.error(`${place} ${why}; choose another with --listen or --admin.`)
  process.exit(1)
}
