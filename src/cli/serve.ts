import { Command } from 'commander'
import { type Address, readAddress } from '../config/address.ts'
import { ConfigFault, sentence } from '../config/problem.ts'
import { doorsOf, parse, settingsOf } from '../config/settings.ts'
import { logger } from '../telemetry/log.ts'
import { type House, openHouse } from './house.ts'
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
    .description('Runs the gateway. Without a configuration it looks for servers on this machine and serves what it finds.')
    .option('-c, --config <file>', 'the configuration; spillway.yaml in this folder by default')
    .option('-l, --listen <host:port>', "the callers' port")
    .option('-a, --admin <host:port>', "the operator's port")
    .addHelpText(
      'after',
      '\nExamples:\n  spillway serve\n  spillway serve --config spillway.yaml\n  spillway serve --listen 127.0.0.1:8000\n',
    )
    .action(async (options: ServeOptions) => {
      const source = await readSource(options.config).catch(explain)
      await serve(source, options).catch(explainStart)
    })
}

async function serve(source: Source, options: ServeOptions): Promise<void> {
  const config = withFlags(source.config, options)
  const format = config.log.format === 'auto' ? (process.stdout.isTTY ? 'pretty' : 'json') : config.log.format
  const write = (text: string): boolean => process.stdout.write(text)
  const log = logger({ write, format, level: config.log.level })
  for (const { title, url } of source.found) log({ type: 'notice', level: 'info', text: `Found ${title} at ${url}.` })
  for (const warning of source.warnings) log({ type: 'notice', level: 'warn', text: sentence(warning) })
  const house = await openHouse({
    settings: settingsOf(config),
    doors: doorsOf(config),
    transport: config.upstream_transport,
    listen: log,
  })
  const ready = `Spillway listens on ${house.address} (admin ${house.adminAddress})`
  // The one line that people and scripts wait for, whatever level the log has.
  logger({ write, format })({ type: 'notice', level: 'info', text: ready })
  endOnSignals(house)
  process.on('SIGHUP', () => {
    log({ type: 'notice', level: 'warn', text: 'This version takes a new configuration only by a restart.' })
  })
}

/** The flags go through the same checks as the file: a port open to strangers is refused however it was named. */
function withFlags(config: Source['config'], { listen, admin }: ServeOptions): Source['config'] {
  if (listen === undefined && admin === undefined) return config
  const changed = {
    ...config,
    ...(listen !== undefined && { listen: checked('--listen', listen) }),
    ...(admin !== undefined && { admin: { ...config.admin, listen: checked('--admin', admin) } }),
  }
  return parse(changed)
}

function checked(flag: string, text: string): string {
  const address: Address | undefined = readAddress(text)
  if (address === undefined) throw new ConfigFault([{ path: [], text: `${flag} ${text}: write HOST:PORT, as in 127.0.0.1:11400` }])
  return text
}

function endOnSignals(house: House): void {
  let ending = false
  const end = (): void => {
    // Twice means now.
    if (ending) process.exit(1)
    ending = true
    house.close(drainMs).then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}

function explainStart(error: unknown): never {
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (code === 'EADDRINUSE') {
    console.error(`${address}:${port} is taken, perhaps by another Spillway; choose another with --listen or --admin.`)
    process.exit(1)
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL') {
    console.error(`${address}:${port} cannot be listened on (${code}); choose another with --listen or --admin.`)
    process.exit(1)
  }
  return explain(error)
}
