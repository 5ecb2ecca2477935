import { Command } from 'commander'
import { sentence } from '../config/problem.ts'
import { settingsOf } from '../config/settings.ts'
import { createGateway } from '../gateway.ts'
import { realWorld } from '../http/world.ts'
import { hasKeys } from './books.ts'
import { configFile, explain, readSource, type Source } from './sources.ts'

interface CheckOptions {
  readonly config?: string
  readonly probe?: true
}

export function checkCommand(): Command {
  return new Command('check')
    .description('Says what is wrong with a configuration: file, line, column, and what to write instead.')
    .argument('[file]', 'the configuration; spillway.yaml in this folder by default')
    .option('-c, --config <file>', 'the same')
    .option('--probe', 'ask each server whether it is there and what it serves')
    .addHelpText(
      'after',
      '\nExamples:\n  spillway check\n  spillway check deploy/spillway.yaml\n  spillway check --probe\n\n' +
        'Ends with 0 when all is well, and with 1 when a fault was found or a probed server did not answer.\n',
    )
    .action(check)
}

async function check(named: string | undefined, { config, probe }: CheckOptions): Promise<void> {
  const file = configFile(named ?? config)
  if (file === undefined) {
    console.error('There is no spillway.yaml in this folder; name a file: spillway check FILE.')
    process.exit(1)
  }
  const source = await readSource(file).catch(explain)
  console.log(`${file} is ok.`)
  // What is wrong with the database is not for here to tell.
  const hasOthers = await hasKeys(source.config).catch(() => false)
  for (const line of summary(source, hasOthers)) console.log(line)
  for (const warning of source.warnings) console.log(`warning: ${sentence(warning)}`)
  if (probe === true && !(await probed(source))) process.exitCode = 1
}

function summary({ config, secrets }: Source, hasOthers: boolean): string[] {
  const { upstreams, callers } = settingsOf(config)
  const lines = upstreams.map(({ name, backend, tier, concurrency }, i) => {
    const { url } = config.upstreams[i]!
    const where = secrets.has(url) ? '(url from the environment)' : url
    return `${name}: ${backend.title} at ${where}, tier ${tier}, concurrency ${concurrency}`
  })
  const who = callers.map(({ caller: { id, priority } }) => `${id} (${priority})`).join(', ')
  const others = hasOthers ? ['those with keys in the database'] : []
  const all = [...(who === '' ? [] : [who]), ...others].join(', and ')
  return [...lines, `callers: ${all === '' ? 'anyone who reaches the port' : all}`]
}

/** Asks each server once, as the gateway does, and tells whether all of them answered. */
async function probed({ config }: Source): Promise<boolean> {
  const settings = settingsOf(config)
  const world = realWorld({ transport: config.upstream_transport, connectMs: settings.timeouts.connectMs })
  // To look is not to load.
  const upstreams = settings.upstreams.map((upstream) => ({ ...upstream, preload: [] }))
  const gateway = createGateway({ ...settings, upstreams }, { world })
  await gateway.start()
  for (const upstream of gateway.fleet.upstreams) {
    const {
      settings: { name },
      up,
      version,
      lastError = 'does not answer',
    } = upstream
    const models = upstream.models().map((model) => model.name)
    const offers = models.length === 0 ? 'no models' : models.join(', ')
    console.log(
      up === true
        ? `${name}: up${version === undefined ? '' : `, version ${version}`}, serves ${offers}`
        : `${name}: ${lastError}`,
    )
  }
  await gateway.stop()
  await world.close()
  return gateway.fleet.upstreams.every(({ up }) => up)
}
